// The past as statistics see it, and the notes that the hosts of a store share.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

using engine::history_filter;
using engine::phase;
using engine::run_state;
using engine::stage_state;

class past : public conformance {
 protected:
  // A run of that tenant, with a stage of each phase, that ends like this.
  void run(int n, const std::string& tenant, const std::string& backend, stage_state how) {
    auto ask = request_for(n);
    ask.tenant = tenant;
    ask.backend = backend;
    run_ = session().start_run(ask, {});
    session().mark_running(run_.run_id, run_.epoch);
    seqs_.clear();
    begin("credits.grants", phase::background);
    begin("entities.users", phase::essential, true, false);
    session().end_stage(
        {run_.run_id, "entities.users", epochs_["entities.users"], stage_state::complete, "", "", {}});
    session().mark_essential(run_.run_id, run_.epoch);
    const bool failed = how == stage_state::failed;
    session().end_stage({run_.run_id,
                         "credits.grants",
                         epochs_["credits.grants"],
                         stage_state::failed,
                         failed ? "SLU-3001" : "SLU-6001",
                         "it is away",
                         {},
                         7,
                         3});
    session().finish_run(run_.run_id, run_.epoch, how == stage_state::cancelled, "", "");
  }
  [[nodiscard]] std::vector<std::string> ids(const history_filter& f) {
    std::vector<std::string> out;
    for (const auto& r : session().history(f)) out.push_back(r.run_id);
    return out;
  }
  using list = std::vector<std::string>;
};

// covers: P18
TEST_P(past, a_run_that_is_over_is_told_with_its_stages) {
  EXPECT_TRUE(session().history({}).empty()) << "the one that is open is no history";
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  run(2, "bolt", "temporal", stage_state::failed);
  const auto all = session().history({});
  ASSERT_EQ(all.size(), 2U);
  const engine::ended_run& r = all[0];
  EXPECT_EQ(r.run_id, run_id(2));
  EXPECT_EQ(r.tenant, "bolt");
  EXPECT_EQ(r.pipeline, "p");
  EXPECT_EQ(r.scope, "");
  EXPECT_EQ(r.backend, "temporal");
  EXPECT_EQ(r.mode, request_for(2).mode);
  EXPECT_EQ(r.state, session().show_run(run_id(2))->state);
  EXPECT_EQ(r.error_code, session().show_run(run_id(2))->error_code);
  EXPECT_LE(r.created_us, r.essential_us);
  EXPECT_LE(r.essential_us, r.ended_us);
  EXPECT_GT(r.created_us, 0);
  ASSERT_EQ(r.stages.size(), 2U);
  EXPECT_EQ(r.stages[0].stage, "credits.grants");
  EXPECT_EQ(r.stages[0].phase, phase::background);
  EXPECT_EQ(r.stages[0].state, stage_state::failed);
  EXPECT_EQ(r.stages[0].error_code, "SLU-3001");
  EXPECT_EQ(r.stages[0].requests, 7);
  EXPECT_EQ(r.stages[0].retries, 3);
  EXPECT_LE(r.stages[0].started_us, r.stages[0].ended_us);
  EXPECT_GT(r.stages[0].started_us, 0);
  EXPECT_EQ(r.stages[1].stage, "entities.users");
  EXPECT_EQ(r.stages[1].phase, phase::essential);
  EXPECT_EQ(r.stages[1].state, stage_state::complete);
  EXPECT_EQ(r.stages[1].requests, 0);
  EXPECT_EQ(all[1].run_id, run_id(1));
  EXPECT_EQ(all[1].state, run_state::cancelled);
  EXPECT_EQ(all[1].essential_us, 0) << "nothing of it was essential";
}

TEST_P(past, it_can_be_asked_for_by_whose_it_is_and_how_it_went) {
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  run(2, "bolt", "temporal", stage_state::failed);
  run(3, "bolt", "direct", stage_state::cancelled);
  EXPECT_EQ(ids({}), (list{run_id(3), run_id(2), run_id(1)}));
  EXPECT_EQ(ids({.tenant = "bolt"}), (list{run_id(3), run_id(2)}));
  EXPECT_EQ(ids({.tenant = "bolt", .backend = "temporal"}), (list{run_id(2)}));
  EXPECT_EQ(ids({.backend = "direct"}).front(), run_id(3));
  EXPECT_EQ(ids({.pipeline = "p"}).size(), 3U);
  EXPECT_TRUE(ids({.pipeline = "q"}).empty());
  EXPECT_TRUE(ids({.tenant = "nobody"}).empty());
}

TEST_P(past, it_can_be_told_without_stages_and_without_single_subjects) {
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  auto ask = request_for(2);
  ask.scope = "subject:u1";
  const auto of_subject = session().start_run(ask, {});
  session().finish_run(of_subject.run_id, of_subject.epoch, true, "", "");
  run(3, "acme", "direct", stage_state::failed);
  EXPECT_EQ(ids({.whole_tenants = true}), (list{run_id(3), run_id(1)}));
  EXPECT_EQ(ids({.tenant = "acme", .whole_tenants = true, .limit = 2}), (list{run_id(3), run_id(1)}));
  EXPECT_EQ(ids({.stages = false}), (list{run_id(3), run_id(2), run_id(1)}));
  EXPECT_EQ(session().history({}).front().stages.size(), 2U);
  EXPECT_TRUE(session().history({.stages = false}).front().stages.empty());
}

TEST_P(past, it_can_be_walked_from_one_instant_to_the_next) {
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  for (int n = 2; n <= 4; ++n) run(n, "acme", "direct", stage_state::cancelled);
  const auto all = session().history({.oldest_first = true});
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(ids({.oldest_first = true}), (list{run_id(1), run_id(2), run_id(3), run_id(4)}));
  EXPECT_EQ(ids({.oldest_first = true, .limit = 2}), (list{run_id(1), run_id(2)}));
  EXPECT_EQ(ids({.limit = 1}), (list{run_id(4)}));
  EXPECT_EQ(ids({.from_us = all[1].ended_us, .to_us = all[3].ended_us}), (list{run_id(3), run_id(2)}))
      << "from this one on, and without that one";
  EXPECT_EQ(ids({.tenant = "acme", .from_us = all[2].ended_us, .oldest_first = true}),
            (list{run_id(3), run_id(4)}));
}

TEST_P(past, it_tells_what_became_of_the_rows_of_each_stage) {
  put("entities", {user("u1"), user("u2")});
  finish();
  start(2);
  put("entities", {user("u1"), user("u2"), user("u3")});
  finish();
  const auto runs = session().history({.rows = true});
  ASSERT_EQ(runs.size(), 2U);
  const auto of = [](const engine::ended_run& r) {
    engine::row_counts out;
    for (const auto& s : r.stages) out += s.rows;
    return out;
  };
  EXPECT_EQ(of(runs[1]).inserted, 2);
  EXPECT_EQ(of(runs[0]).rows, 3);
  EXPECT_EQ(of(runs[0]).inserted, 1);
  EXPECT_EQ(of(runs[0]).unchanged, 2);
  EXPECT_EQ(of(session().history({})[0]).rows, 0) << "nobody asked";
}

// Whichever way a store counts, it counts the same.
TEST_P(past, it_is_counted_over_time) {
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  for (int n = 2; n <= 9; ++n)
    run(n, n % 2 == 0 ? "bolt" : "acme", n < 6 ? "temporal" : "direct",
        n % 3 == 0 ? stage_state::cancelled : stage_state::failed);
  const auto all = session().history({.oldest_first = true, .stages = false});
  const std::int64_t from = all.front().ended_us, to = all.back().ended_us + 1;
  const std::vector<engine::trend_ask> asks{{"", "", "", from, to, 4},
                                            {"bolt", "p", "temporal", from, to, 7},
                                            {"", "", "", from + 1, to - 1, 1},
                                            {"nobody", "", "", from, to, 3}};
  for (const engine::trend_ask& ask : asks) {
    engine::trend_builder expected(ask);
    for (const auto& r : session().history({ask.tenant, ask.pipeline, ask.backend}))
      expected.add(r.state, r.created_us, r.essential_us, r.ended_us);
    const engine::trend wanted = expected.finish(), got = session().trend_of(ask);
    EXPECT_EQ(got.parts, wanted.parts);
    EXPECT_EQ(got.all, wanted.all);
    ASSERT_EQ(got.parts.size(), static_cast<std::size_t>(ask.parts));
  }
  EXPECT_EQ(session().trend_of({"", "", "", from, to, 4}).all.whole.count, 9);
}

// A run keeps its place in the statistics when its pages go.
TEST_P(past, it_outlives_the_pages) {
  put("entities", {user("u1")});
  finish();
  start(2);
  finish();
  session().retain({engine::retention_request::kind::ledger, 0, {}, 1'000});
  EXPECT_EQ(ids({}), (list{run_id(2), run_id(1)}));
  EXPECT_EQ(session().history({})[1].stages.size(), 1U);
}

TEST_P(past, a_note_is_written_by_who_has_read_it) {
  EXPECT_EQ(session().read_note("alerts").version, 0);
  ASSERT_TRUE(session().write_note("alerts", 0, "one"));
  EXPECT_FALSE(session().write_note("alerts", 0, "another first one"));
  const auto other = another_session();
  EXPECT_EQ(other->read_note("alerts").text, "one");
  EXPECT_EQ(other->read_note("alerts").version, 1);
  ASSERT_TRUE(other->write_note("alerts", 1, "two"));
  EXPECT_FALSE(session().write_note("alerts", 1, "too late"));
  EXPECT_EQ(session().read_note("alerts").text, "two");
  EXPECT_EQ(session().read_note("alerts").version, 2);
  EXPECT_EQ(session().read_note("counters").version, 0);
  EXPECT_FALSE(session().write_note("counters", 5, "there is none to be changed"));
  EXPECT_EQ(session().read_note("counters").version, 0);
}

INSTANTIATE_TEST_SUITE_P(stores, past, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
