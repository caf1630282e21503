// What a serving host asks of a store: who is due, which runs are open, and what is old enough to go. Here everything
// that is over is old enough: what stays, stays because something needs it.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

using engine::retention_request;
using engine::run_lease;
using engine::run_state;
using kind = engine::retention_request::kind;

namespace {

cells credit_of(const std::string& id, const std::string& user_id) {
  return {{"external_id", id}, {"amount", "5"}, {"entity.kind", "user"}, {"entity.external_id", user_id}};
}

cells gone(const std::string& id) { return user(id, "Ada", {{std::string(deleted_column), "true"}}); }

engine::page page_with_reject() {
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named("entities"), {user("u1")}));
  engine::page page = make_page(std::move(streams));
  page.records.records = 2;
  page.records.rejected = 1;
  page.rejects.push_back({1, "", "", "/id", "is missing", "{}"});
  return page;
}

}  // namespace

class retaining : public conformance {
 protected:
  // One pass over everything of a kind; how many rows of each table went.
  std::map<std::string, std::int64_t> retain(kind what, std::int64_t age_us = 0, int limit = 1'000) {
    std::map<std::string, std::int64_t> out;
    retention_request ask{what, age_us, {}, limit};
    for (int call = 0; call < 1'000; ++call) {
      const auto done = session().retain(ask);
      for (const auto& [table, n] : done.removed) {
        EXPECT_LE(n, limit) << table << ": a batch is small";
        if (n > 0) out[table] += n;
      }
      if (!done.more) return out;
      ask.after = done.after;
    }
    ADD_FAILURE() << "a pass never comes to an end";
    return out;
  }
  // A run that reads these users and is over.
  run_state read(int run, const std::vector<cells>& users) {
    if (run > 1) start(run);
    put("entities", users);
    return finish();
  }
  // Another run that is open at the same time: of one subject.
  engine::run_lease open_subject(int run) {
    auto ask = request_for(run);
    ask.scope = "subject:u9";
    run_ = session().start_run(ask, {});
    session().mark_running(run_.run_id, run_.epoch);
    seqs_.clear();
    begin("s");
    return run_;
  }
  void go_on_with(const engine::run_lease& run) {
    run_ = run;
    seqs_.clear();
    begin("s");
  }
  [[nodiscard]] std::int64_t pages_of(int run) {
    const auto shown = session().show_run(run_id(run));
    return shown && !shown->stages.empty() ? shown->stages[0].pages : 0;
  }
};

TEST_P(retaining, old_runs_go_with_their_lines_and_the_last_complete_one_stays) {
  EXPECT_EQ(read(1, {user("u1"), user("u2")}), run_state::succeeded);
  EXPECT_EQ(read(2, {user("u1"), user("u2")}), run_state::succeeded);
  EXPECT_EQ(read(3, {user("u1"), user("u2")}), run_state::succeeded);
  const auto done = retain(kind::runs);
  EXPECT_EQ(done.at("runs"), 2);
  EXPECT_EQ(done.at("stages"), 2);
  EXPECT_EQ(done.at("items"), 2);
  EXPECT_EQ(done.at("pages"), 4);
  EXPECT_EQ(done.at("ledger"), 2);
  EXPECT_FALSE(session().show_run(run_id(1)));
  EXPECT_EQ(pages_of(3), 2);
  EXPECT_EQ(session().freshness("acme", "p", "").size(), 1U);
  EXPECT_EQ(rows("entities").size(), 2U) << "rows are no history";
  EXPECT_TRUE(retain(kind::runs).empty());
}

TEST_P(retaining, what_is_younger_stays) {
  read(1, {user("u1")});
  read(2, {user("u1")});
  for (const kind k : {kind::ledger, kind::rejects, kind::tombstones, kind::runs}) {
    EXPECT_TRUE(retain(k, 3'600'000'000).empty());
  }
}

TEST_P(retaining, a_pass_goes_in_small_batches) {
  for (int run = 1; run <= 5; ++run) read(run, {user("u1"), user("u2")});
  const auto done = retain(kind::runs, 0, 1);
  EXPECT_EQ(done.at("pages"), 8);
  EXPECT_FALSE(session().show_run(run_id(4)));
  EXPECT_TRUE(session().show_run(run_id(5)));
}

// covers: P6
TEST_P(retaining, nothing_after_a_thousand_records_is_still_suspect) {
  read(1, {user("u1")});
  read(2, {user("u1"), user("u2")});
  start(3);  // failed: it says nothing about what there is
  end_stage("s", engine::stage_state::failed);
  session().finish_run(run_.run_id, run_.epoch, false, "", "");
  retain(kind::ledger);
  retain(kind::runs);
  EXPECT_FALSE(session().show_run(run_id(1)));
  EXPECT_FALSE(session().show_run(run_id(3)));
  start(4);
  EXPECT_EQ(finish(), run_state::partial) << "the run before had records: an empty one is not believed";
}

TEST_P(retaining, the_ledger_goes_before_its_run) {
  read(1, {user("u1")});
  read(2, {user("u1")});
  const auto done = retain(kind::ledger);
  EXPECT_EQ(done.count("runs"), 0U);
  EXPECT_EQ(done.at("pages"), 2);
  const auto old = session().show_run(run_id(1));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->state, run_state::succeeded);
  EXPECT_EQ(pages_of(1), 0);
  EXPECT_EQ(pages_of(2), 2);
}

// covers: P6
TEST_P(retaining, a_sweep_in_progress_still_sees_what_others_brought) {
  read(1, {user("u1"), user("u9")});
  start(2);  // the sweep counts from here
  const auto sweeping = run_;
  open_subject(3);
  put("entities", {user("u9")});
  EXPECT_EQ(finish(), run_state::succeeded);
  EXPECT_TRUE(retain(kind::ledger).empty());
  EXPECT_TRUE(retain(kind::runs).empty());
  go_on_with(sweeping);
  put("entities", {user("u1")});
  end_item();
  end_stage("s");
  EXPECT_EQ(session().sweep({run_.run_id, run_.epoch, "entry", "entities", {"s"}, {1.0, 1000}}).gone, 0);
  session().finish_run(run_.run_id, run_.epoch, false, "", "");
  EXPECT_EQ(retain(kind::runs).at("runs"), 2) << "then the two others may go";
}

TEST_P(retaining, a_held_run_keeps_what_it_will_be_decided_by) {
  std::vector<cells> many;
  for (int n = 0; n < 20; ++n) many.push_back(user("u" + std::to_string(n)));
  read(1, many);
  start(2);
  put("entities", {user("u1")});
  end_item();
  end_stage("s");
  session().sweep({run_.run_id, run_.epoch, "entry", "entities", {"s"}, {0.1, 1}});
  ASSERT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::held);
  read(3, {user("u1"), user("u2")});
  read(4, {user("u1"), user("u3")});
  retain(kind::ledger);
  retain(kind::runs);
  session().approve(run_id(2));
  for (const char* still : {"u1", "u2", "u3"}) EXPECT_EQ(row("entities", still).at("deleted"), "false");
  EXPECT_EQ(row("entities", "u4").at("deleted"), "true");
}

TEST_P(retaining, rejects_of_an_open_run_stay) {
  commit(next_page(page_with_reject()));
  EXPECT_TRUE(retain(kind::rejects).empty());
  EXPECT_EQ(finish(), run_state::partial);
  EXPECT_EQ(retain(kind::rejects).at("rejects"), 1);
  EXPECT_TRUE(session().list_rejects("", "", 10).empty());
}

TEST_P(retaining, a_run_in_whose_name_rows_wait_stays) {
  put("credits", {credit_of("c1", "nobody")});
  finish();
  read(2, {user("u1")});
  retain(kind::runs);
  EXPECT_TRUE(session().show_run(run_id(1)));
  EXPECT_EQ(session().list_deferred("acme", 10).size(), 1U);
}

// covers: P6, P7
TEST_P(retaining, a_forgotten_delete_is_not_undone_by_a_page_from_before_it) {
  read(1, {user("u1"), user("u2")});
  const auto slow = open_subject(2);
  const std::int64_t asked_at = requested_us_ += 1'000'000;  // its page is on its way
  start(3);
  EXPECT_EQ(put("entities", {gone("u1")}).deleted, 1);
  finish();
  EXPECT_TRUE(retain(kind::tombstones).empty()) << "a page from before the delete may still come";
  go_on_with(slow);
  const auto late = put_at(asked_at, "entities", {user("u1", "Eve")});
  EXPECT_EQ(late.inserted, 0);
  EXPECT_EQ(late.stale, 1);
  EXPECT_EQ(row("entities", "u1").at("deleted"), "true");
  finish();
  EXPECT_EQ(retain(kind::tombstones).at("entities"), 1);
  EXPECT_TRUE(row("entities", "u1").empty());
  EXPECT_EQ(rows("entities").size(), 1U);
  start(4);
  EXPECT_EQ(put("entities", {user("u1")}).inserted, 1) << "what the upstream has again is new";
}

TEST_P(retaining, a_tombstone_that_a_row_refers_to_stays) {
  put("entities", {user("u1")});
  put("credits", {credit_of("c1", "u1")});
  put("entities", {gone("u1")});
  finish();  // nobody has cascaded yet
  EXPECT_TRUE(retain(kind::tombstones).empty());
  start(2);
  put("entities", {user("u7"), gone("u7")});
  EXPECT_EQ(session().cascade(run_.run_id, run_.epoch, "s", {1.0, 1000}).gone, 0);
  put("entities", {user("u8")});
  put("entities", {gone("u8")});
  EXPECT_EQ(session().cascade(run_.run_id, run_.epoch, "s", {1.0, 1000}).gone, 1)
      << "its credit goes with it";
  finish();
  const auto done = retain(kind::tombstones);
  EXPECT_GE(done.at("entities"), 2);
  EXPECT_EQ(done.at("credits"), 1);
}

TEST_P(retaining, a_tombstone_stays_while_a_row_of_its_key_waits) {
  const auto gone_credit = [](const std::string& id) {
    cells row = credit_of(id, "u1");
    row[std::string(deleted_column)] = "true";
    return row;
  };
  put("entities", {user("u1")});
  put("credits", {credit_of("c1", "u1"), credit_of("c2", "u1")});
  put("credits", {gone_credit("c1"), gone_credit("c2")});
  EXPECT_EQ(put("credits", {credit_of("c1", "u2")}).deferred, 1);  // back, and its entity isn't there yet
  finish();
  EXPECT_EQ(retain(kind::tombstones).at("credits"), 1);
  EXPECT_EQ(row("credits", "c1").at("deleted"), "true");
  EXPECT_TRUE(row("credits", "c2").empty());
}

TEST_P(retaining, open_runs_say_who_has_them) {
  auto open = session().list_open_runs("p");
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].run_id, run_id(1));
  EXPECT_EQ(open[0].tenant, "acme");
  EXPECT_EQ(open[0].by.host, "host-1");
  EXPECT_EQ(open[0].by.started, 5000);
  EXPECT_FALSE(open[0].expired);
  ASSERT_TRUE(session().renew_lease(run_.run_id, run_.epoch, -1'000'000));
  EXPECT_TRUE(session().list_open_runs("p")[0].expired);
  EXPECT_TRUE(session().list_open_runs("q").empty());
  finish();
  EXPECT_TRUE(session().list_open_runs("p").empty());
}

TEST_P(retaining, tenants_are_due_by_their_last_run) {
  constexpr std::int64_t ever = 4'000'000'000'000'000;
  EXPECT_TRUE(session().list_due("p", ever, {}, 10).empty()) << "its run is open";
  finish();
  auto other = request_for(2);
  other.tenant = "bolt";
  run_ = session().start_run(other, {});
  session().finish_run(run_.run_id, run_.epoch, true, "", "");
  auto due = session().list_due("p", ever, {}, 10);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0].tenant, "acme");
  EXPECT_EQ(due[1].tenant, "bolt");
  EXPECT_EQ(session().list_due("p", due[0].last_us, {}, 10).size(), 1U);
  EXPECT_TRUE(session().list_due("p", due[0].last_us - 1, {}, 10).empty());
  const auto rest = session().list_due("p", ever, due[0], 10);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].tenant, "bolt");
  EXPECT_EQ(session().list_due("p", ever, {}, 1).size(), 1U);
  EXPECT_TRUE(session().list_due("q", ever, {}, 10).empty());
  auto subject = request_for(3);
  subject.scope = "subject:u1";
  session().start_run(subject, {});
  EXPECT_EQ(session().list_due("p", ever, {}, 10)[0].last_us, due[0].last_us)
      << "a subject's run is no sync of all";
}

// covers: P9, P10
TEST_P(retaining, no_run_is_started_where_a_younger_one_was) {
  using how = run_lease::how;
  finish();
  const std::int64_t made = session().list_due("p", 4'000'000'000'000'000, {}, 1).at(0).last_us;
  auto ask = request_for(2);
  ask.unless_since_us = made;
  EXPECT_EQ(session().start_run(ask, {}).result, how::skipped);
  EXPECT_FALSE(session().show_run(run_id(2)));
  ask.unless_since_us = 1;
  EXPECT_EQ(session().start_run(ask, {}).result, how::skipped);
  ask.unless_since_us = made + 1;
  EXPECT_EQ(session().start_run(ask, {}).result, how::started);
  // An open one is taken over whatever its age.
  auto another = request_for(3);
  another.unless_since_us = 1;
  EXPECT_EQ(session().start_run(another, {}).result, how::joined);
  const auto taken = session().start_run(another, [](const engine::holder&) { return true; });
  EXPECT_EQ(taken.result, how::took_over);
  EXPECT_EQ(taken.run_id, run_id(2));
}

INSTANTIATE_TEST_SUITE_P(stores, retaining, ::testing::ValuesIn(backends()),
                         [](const auto& b) { return b.param.name; });

}  // namespace sluice::testing
