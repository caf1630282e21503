// What stores do at once that could be done one by one: stages that begin or end together, and the end of a run with
// nothing left to do. The outcome is the same.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;
using engine::run_state;
using engine::stage_state;

class together : public conformance {
 protected:
  [[nodiscard]] engine::stages_start starting(const std::vector<std::string>& names) const {
    engine::stages_start out{run_.run_id, run_.epoch, {}, true};
    for (const std::string& n : names)
      out.stages.push_back({n, engine::phase::essential, true, n != "child", R"({"a":1})"});
    return out;
  }
  [[nodiscard]] engine::stages_end ending(const std::vector<std::string>& names, bool essential = false) {
    engine::stages_end out{run_.run_id, run_.epoch, {}, essential};
    for (const std::string& n : names) out.stages.push_back(end_of(n));
    return out;
  }
  [[nodiscard]] engine::stage_end end_of(const std::string& stage, stage_state how = stage_state::complete) {
    return {run_.run_id, stage, epochs_[stage], how, "", "", {}, 7, 3};
  }
  // A stage of its own, with one user, that is read to its end.
  void read(const std::string& stage, const std::string& id) {
    begin(stage);
    stage_ = stage;
    put("entities", {user(id)});
    end_item();
  }
  [[nodiscard]] engine::stage_row shown(const std::string& stage) {
    const auto run = session().show_run(run_.run_id);
    for (const engine::stage_row& s : run->stages) {
      if (s.stage == stage) return s;
    }
    ADD_FAILURE() << "no stage " << stage;
    return {};
  }
  [[nodiscard]] std::optional<run_state> quiet(const std::vector<std::string>& sweeps = {"entities"}) {
    engine::quiet_end end{run_.run_id, "acme", run_.epoch, {}};
    for (const std::string& stream : sweeps)
      end.sweeps.push_back({run_.run_id, run_.epoch, "entry", stream, {"s"}, {1.0, 1000}, {}});
    return session().finish_quiet(end);
  }
  // What it says when there is something left: nothing, and nothing is written.
  void expect_not_quiet(const std::vector<std::string>& sweeps = {"entities"}) {
    EXPECT_FALSE(quiet(sweeps).has_value());
    const auto run = session().show_run(run_.run_id);
    EXPECT_FALSE(engine::is_terminal(run->state));
    EXPECT_EQ(run->ended_us, 0);
    EXPECT_TRUE(session().renew_lease(run_.run_id, run_.epoch, 1'000'000))
        << "the lease is not ours any more";
  }
  // Of one subject, so that it proves nothing of the whole tenant.
  void start_for_subject(int run) {
    auto request = request_for(run);
    request.scope = "subject:7";
    run_ = session().start_run(request, {});
    session().mark_running(run_.run_id, run_.epoch);
    seqs_.clear();
    begin(stage_ = "s");
  }
  [[nodiscard]] static cells credit_of(const std::string& user) {
    return {{"external_id", "c1"}, {"amount", "5"}, {"entity.kind", "user"}, {"entity.external_id", user}};
  }
  void complete(const std::vector<cells>& users) {
    if (!users.empty()) put("entities", users);
    end_item();
    end_stage("s");
  }
};

// covers: P1
TEST_P(together, stages_begin_and_the_run_is_running) {
  const auto begun = session().begin_stages(starting({"a", "b", "child"}));
  ASSERT_EQ(begun.size(), 3U);
  for (const engine::stage_attempt& a : begun) {
    EXPECT_EQ(a.epoch, 1);
    EXPECT_EQ(a.state, stage_state::running);
  }
  ASSERT_EQ(begun[1].open_items.size(), 1U);
  EXPECT_EQ(begun[1].open_items[0].id, "0");
  EXPECT_EQ(begun[1].open_items[0].vars, R"({"a":1})");
  EXPECT_TRUE(begun[2].open_items.empty()) << "its items come from its parent";
  const auto run = session().show_run(run_.run_id);
  EXPECT_EQ(run->state, run_state::running);
  EXPECT_GT(run->started_us, 0);
  EXPECT_EQ(shown("b").phase, engine::phase::essential);
  EXPECT_TRUE(shown("b").critical);
  EXPECT_EQ(shown("b").items_open, 1);
  EXPECT_GT(shown("b").started_us, 0);
}

// covers: P9
TEST_P(together, an_attempt_after_another_takes_new_epochs_and_goes_on_where_that_was) {
  read("a", "u1");
  session().end_stage(end_of("a"));
  begin("b");
  stage_ = "b";
  put("entities", {user("u2")});
  const auto begun = session().begin_stages(starting({"a", "b", "c"}));
  ASSERT_EQ(begun.size(), 3U);
  EXPECT_EQ(begun[0].state, stage_state::complete);
  EXPECT_TRUE(begun[0].open_items.empty());
  EXPECT_EQ(begun[1].epoch, 2);
  ASSERT_EQ(begun[1].open_items.size(), 1U);
  EXPECT_EQ(begun[1].open_items[0].page_seq, 1);
  EXPECT_GE(begun[2].epoch, 1);
  ASSERT_EQ(begun[2].open_items.size(), 1U);
  EXPECT_EQ(refusal_code([&] { put("entities", {user("u3")}); }), code::fenced_stage) << "of the old attempt";
}

// covers: P9
TEST_P(together, nothing_begins_for_who_has_lost_the_run) {
  auto ask = starting({"a"});
  ++ask.run_epoch;
  EXPECT_EQ(refusal_code([&] { static_cast<void>(session().begin_stages(ask)); }), code::fenced_run);
  EXPECT_EQ(session().show_run(run_.run_id)->stages.size(), 1U) << "`s` of the harness";
}

// covers: P1
TEST_P(together, stages_end_and_with_them_what_is_essential) {
  read("a", "u1");
  read("b", "u2");
  session().end_stages(ending({"a", "b"}, true));
  for (const char* stage : {"a", "b"}) {
    EXPECT_EQ(shown(stage).state, stage_state::complete);
    EXPECT_GE(shown(stage).ended_us, shown(stage).started_us);
  }
  const std::int64_t essential = session().show_run(run_.run_id)->essential_us;
  EXPECT_GT(essential, 0);
  session().end_stages(ending({"a", "b"}, true));  // the answer was lost
  EXPECT_EQ(session().show_run(run_.run_id)->essential_us, essential);
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  EXPECT_EQ(session().history({})[0].stages[0].requests, 7);
  EXPECT_EQ(session().history({})[0].stages[0].retries, 3);
}

// covers: P1
TEST_P(together, no_stage_is_complete_whose_books_do_not_balance) {
  read("a", "u1");
  begin("b");
  stage_ = "b";
  put("entities", {user("u2")});  // and its item is open
  EXPECT_EQ(refusal_code([&] { session().end_stages(ending({"a", "b"}, true)); }), code::unproven);
  EXPECT_EQ(shown("b").state, stage_state::running);
  EXPECT_EQ(session().show_run(run_.run_id)->essential_us, 0);
}

TEST_P(together, a_stage_that_failed_and_one_that_brought_nothing_end_too) {
  read("a", "u1");
  begin("b");
  stage_ = "b";
  end_item();
  begin("c");
  auto end = ending({"a", "b", "c"}, true);
  end.stages[2] = {run_.run_id, "c", epochs_["c"], stage_state::failed, "SLU-3001", "it is away", {}};
  session().end_stages(end);
  EXPECT_EQ(shown("a").state, stage_state::complete);
  EXPECT_EQ(shown("b").state, stage_state::complete);
  EXPECT_EQ(shown("c").state, stage_state::failed);
  EXPECT_EQ(shown("c").error_code, "SLU-3001");
  EXPECT_GT(session().show_run(run_.run_id)->essential_us, 0);
}

TEST_P(together, only_a_whole_tenant_that_brings_nothing_any_more_is_suspect) {
  for (const std::string& scope : {std::string(), std::string("subject:7")}) {
    SCOPED_TRACE(scope);
    for (const int n : {1, 2}) {
      auto request = request_for(n + (scope.empty() ? 0 : 10));
      request.scope = scope;
      run_ = session().start_run(request, {});
      session().mark_running(run_.run_id, run_.epoch);
      seqs_.clear();
      begin(stage_ = "s");
      if (n == 1) put("entities", {user("u1")});
      end_item();
      session().end_stages(ending({"s"}, true));
      EXPECT_EQ(shown("s").state, stage_state::complete);
      EXPECT_EQ(shown("s").suspect, n == 2 && scope.empty());
      EXPECT_GT(session().show_run(run_.run_id)->essential_us, 0);
      session().finish_run(run_.run_id, run_.epoch, false, "", "");
    }
  }
}

// covers: P9
TEST_P(together, no_stage_ends_for_an_older_attempt) {
  read("a", "u1");
  auto end = ending({"a"});
  begin("a");
  EXPECT_EQ(refusal_code([&] { session().end_stages(end); }), code::fenced_stage);
  EXPECT_EQ(shown("a").state, stage_state::running);
}

// covers: P1, P6
TEST_P(together, a_run_with_nothing_left_to_do_ends_at_once) {
  complete({user("u1"), user("u2")});
  EXPECT_EQ(quiet(), run_state::succeeded);
  EXPECT_EQ(session().show_run(run_.run_id)->state, run_state::succeeded);
  EXPECT_GT(session().show_run(run_.run_id)->ended_us, 0);
  EXPECT_EQ(quiet(), run_state::succeeded) << "asked again after a lost answer";
  start(2);
  complete({user("u1"), user("u2")});
  EXPECT_EQ(quiet(), run_state::succeeded);
}

// covers: P6
TEST_P(together, a_row_that_vanished_keeps_a_run_from_ending_so) {
  complete({user("u1"), user("u2")});
  EXPECT_EQ(quiet(), run_state::succeeded);
  start(2);
  complete({user("u1")});
  expect_not_quiet();
  EXPECT_EQ(row("entities", "u2").at("deleted"), "false");
}

// covers: P1
TEST_P(together, a_stage_that_is_open_or_failed_keeps_a_run_from_ending_so) {
  put("entities", {user("u1")});
  expect_not_quiet({});
  end_item();
  end_stage("s", stage_state::failed);
  expect_not_quiet({});
}

// covers: P1
TEST_P(together, an_account_that_does_not_balance_keeps_a_run_from_ending_so) {
  complete({user("u1")});
  under_->forget_counts(run_id(1));
  expect_not_quiet({});
}

// covers: P7
TEST_P(together, a_row_that_waits_for_its_parent_keeps_a_run_from_ending_so) {
  put("credits", {credit_of("u9")});
  complete({user("u1")});
  expect_not_quiet();
}

// covers: P7
TEST_P(together, a_subjects_run_ends_so_where_what_waits_goes_on_waiting) {
  start_for_subject(2);
  put("credits", {credit_of("u9")});
  complete({});
  EXPECT_EQ(quiet({}), run_state::partial) << "a row of its own waits";
  EXPECT_EQ(session().list_deferred("acme", 10).size(), 1U);
  start_for_subject(3);
  complete({user("u1")});
  EXPECT_EQ(quiet({}), run_state::succeeded) << "what waits is not its own";
}

// covers: P7
TEST_P(together, what_need_not_wait_any_longer_keeps_a_subjects_run_from_ending_so) {
  start_for_subject(2);
  put("credits", {credit_of("u1")});
  complete({user("u1")});
  expect_not_quiet({});
  EXPECT_EQ(session().resolve(run_.run_id, run_.epoch, "acme", 10).resolved, 1);
  EXPECT_EQ(quiet({}), run_state::succeeded);
}

TEST_P(together, so_does_a_link_whose_parent_has_come) {
  start_for_subject(2);
  put("entities", {user("u1", "Ada", {{"parent.kind", "user"}, {"parent.external_id", "u2"}})});
  put("entities", {user("u2")});
  complete({});
  expect_not_quiet({});
  static_cast<void>(session().resolve(run_.run_id, run_.epoch, "acme", 10));
  EXPECT_EQ(quiet({}), run_state::succeeded);
}

TEST_P(together, so_does_what_has_waited_too_long) {
  auto hasty = stream_named("credits");
  hasty.references[0].expire = std::chrono::seconds(0);
  store().ensure_streams("tests", "1.0.1", {hasty});
  start_for_subject(2);
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(hasty, {credit_of("u9")}));
  commit(next_page(make_page(std::move(s))));
  complete({});
  expect_not_quiet({});
}

TEST_P(together, a_deleted_row_keeps_a_run_from_ending_so) {
  complete({user("u1"), user("u2")});
  EXPECT_EQ(quiet(), run_state::succeeded);
  start(2);
  complete({user("u1"), user("u2", "Ada", {{"_deleted", "true"}})});
  expect_not_quiet();
}

TEST_P(together, so_does_a_run_before_it_that_has_failed) {
  session().finish_run(run_.run_id, run_.epoch, false, "SLU-3001", "it is away");
  start(2);
  complete({user("u1")});
  expect_not_quiet();
}

TEST_P(together, a_run_with_rejects_is_partial_either_way) {
  auto page = make_page({});
  page.records = {1, 0, 0, 1};
  page.rejects.push_back({0, "entities", "u1", "name", "is no text", "{}"});
  commit(next_page(std::move(page)));
  complete({});
  EXPECT_EQ(quiet({}), run_state::partial);
  EXPECT_EQ(session().show_run(run_.run_id)->state, run_state::partial);
}

// covers: P9
TEST_P(together, no_run_ends_for_who_has_lost_it) {
  complete({user("u1")});
  ++run_.epoch;
  EXPECT_EQ(refusal_code([&] { static_cast<void>(quiet()); }), code::fenced_run);
  EXPECT_FALSE(engine::is_terminal(session().show_run(run_.run_id)->state));
}

INSTANTIATE_TEST_SUITE_P(stores, together, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
