// How stages and runs end, and what is shown of them.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;
using engine::phase;
using engine::run_state;
using engine::stage_state;

// covers: P1
TEST_P(conformance, a_run_that_is_accounted_for_succeeds) {
  put("entities", {user("u1")});
  EXPECT_EQ(finish(), run_state::succeeded);
  const auto shown = session().show_run(run_id(1));
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->state, run_state::succeeded);
  EXPECT_GE(shown->ended_us, shown->started_us);
  EXPECT_GT(shown->started_us, 0);
  ASSERT_EQ(shown->stages.size(), 1U);
  EXPECT_EQ(shown->stages[0].pages, 2);
  EXPECT_EQ(shown->stages[0].records.records, 1);
  EXPECT_EQ(shown->stages[0].items_done, 1);
  EXPECT_EQ(shown->stages[0].state, stage_state::complete);
  EXPECT_EQ(shown->stages[0].streams.at(0).second.inserted, 1);
}

// covers: P1
TEST_P(conformance, a_credit_that_is_read_and_not_stored_cannot_end_green) {
  put("entities", {user("u1")});
  put("credits",
      {{{"external_id", "c1"}, {"amount", "5"}, {"entity.kind", "user"}, {"entity.external_id", "u1"}}});
  end_item();
  under_->forget_counts(run_id(1));
  EXPECT_EQ(refusal_code([&] { end_stage("s"); }), code::unproven);
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::partial);
  EXPECT_FALSE(session().show_run(run_id(1))->error.empty());
}

// covers: P1
TEST_P(conformance, an_account_that_broke_after_its_stage_was_complete_is_seen_at_the_end) {
  put("entities", {user("u1")});
  end_item();
  end_stage("s");
  under_->forget_counts(run_id(1));
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::partial);
  EXPECT_EQ(session().show_run(run_id(1))->error_code, code::unproven);
}

TEST_P(conformance, a_broken_account_of_a_critical_stage_fails_the_run) {
  finish();
  start(2, true);
  put("entities", {user("u1")});
  end_item();
  end_stage("s");
  under_->forget_counts(run_id(2));
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::failed);
}

// covers: P1
TEST_P(conformance, a_stage_with_an_open_item_cannot_be_complete) {
  put("entities", {user("u1")});
  const auto text = refusal_text([&] { end_stage("s"); });
  EXPECT_NE(text.find("open"), std::string::npos) << text;
}

// covers: P1
TEST_P(conformance, a_page_whose_records_do_not_add_up_cannot_be_complete) {
  auto page = make_page({});
  page.records = {3, 1, 1, 0};
  commit(next_page(std::move(page), true));
  EXPECT_EQ(refusal_code([&] { end_stage("s"); }), code::unproven);
}

TEST_P(conformance, a_stage_that_never_ended_keeps_the_run_from_succeeding) {
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::partial);
}

TEST_P(conformance, work_for_a_stage_that_never_began_keeps_the_run_from_succeeding) {
  auto page = make_page({});
  page.children = {{"child", "0.0.0", "{}"}};
  commit(next_page(std::move(page), true));
  end_stage("s");
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::partial);
}

// covers: P1
TEST_P(conformance, a_stage_that_the_plan_names_and_nobody_began_keeps_the_run_from_succeeding) {
  finish();
  auto planned = request_for(2);
  planned.plan = R"({"stages":[{"name":"s"},{"name":"credits.grants"}]})";
  run_ = session().start_run(planned, {});
  seqs_.clear();
  begin("s");
  EXPECT_EQ(finish(), run_state::partial);
  EXPECT_NE(session().show_run(run_id(2))->error.find("credits.grants"), std::string::npos);
}

// covers: P1
TEST_P(conformance, rejects_make_a_run_partial) {
  put("entities", {user("u1"), user("")});
  EXPECT_EQ(finish(), run_state::partial);
}

// covers: P1
TEST_P(conformance, a_rejected_record_makes_a_run_partial) {
  auto page = make_page({});
  page.records = {1, 0, 0, 1};
  page.rejects = {{0, "", "", "", "not an object", "[]"}};
  commit(next_page(std::move(page)));
  EXPECT_EQ(finish(), run_state::partial);
  EXPECT_EQ(session().list_rejects("", run_id(1), 10).at(0).what.raw, "[]");
}

TEST_P(conformance, rows_that_still_wait_make_the_run_that_deferred_them_partial) {
  put("credits", {{{"external_id", "c1"}, {"entity.kind", "user"}, {"entity.external_id", "u1"}}});
  EXPECT_EQ(finish(), run_state::partial);
  start(2);
  put("entities", {user("u2")});
  EXPECT_EQ(finish(), run_state::succeeded) << "the second run deferred nothing";
}

TEST_P(conformance, a_failed_background_stage_makes_a_run_partial) {
  begin("other");
  end_stage("other", stage_state::failed);
  EXPECT_EQ(finish(), run_state::partial);
  EXPECT_EQ(session().show_run(run_id(1))->error_code, "SLU-3001");
}

TEST_P(conformance, a_failed_critical_stage_fails_the_run) {
  begin("other", phase::background, true);
  end_stage("other", stage_state::failed);
  EXPECT_EQ(finish(), run_state::failed);
}

TEST_P(conformance, a_failed_essential_stage_fails_the_run) {
  begin("other", phase::essential);
  end_stage("other", stage_state::failed);
  EXPECT_EQ(finish(), run_state::failed);
}

TEST_P(conformance, a_cancelled_run_is_cancelled_whatever_its_stages_say) {
  begin("other", phase::essential);
  end_stage("other", stage_state::failed);
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, true, "", ""), run_state::cancelled);
}

// covers: P18
TEST_P(conformance, an_error_of_the_run_itself_fails_it_and_is_kept) {
  end_item();
  end_stage("s");
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "SLU-6001", "the backend is gone"),
            run_state::failed);
  const auto shown = session().show_run(run_id(1));
  EXPECT_EQ(shown->error_code, "SLU-6001");
  EXPECT_EQ(shown->error, "the backend is gone");
}

TEST_P(conformance, a_finish_that_is_asked_again_gets_the_same_answer) {
  ASSERT_EQ(finish(), run_state::succeeded);
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), run_state::succeeded);
  start(2);
  EXPECT_EQ(refusal_code([&] { session().finish_run(run_id(1), run_.epoch - 1, false, "", ""); }),
            code::fenced_run);
}

TEST_P(conformance, an_end_of_a_stage_that_is_asked_again_changes_nothing) {
  end_item();
  end_stage("s");
  end_stage("s");
  EXPECT_EQ(refusal_code([&] { end_stage("s", stage_state::failed); }), code::fenced_stage);
}

TEST_P(conformance, a_stage_that_has_ended_is_returned_as_it_is) {
  end_item();
  end_stage("s");
  const auto epoch = epochs_["s"];
  const auto attempt = begin("s");
  EXPECT_EQ(attempt.state, stage_state::complete);
  EXPECT_EQ(attempt.epoch, epoch);
  EXPECT_TRUE(attempt.open_items.empty());
}

// covers: P11
TEST_P(conformance, the_end_of_the_essential_phase_is_marked_once) {
  session().mark_essential(run_.run_id, run_.epoch);
  const auto at = session().show_run(run_id(1))->essential_us;
  EXPECT_GT(at, 0);
  session().mark_essential(run_.run_id, run_.epoch);
  EXPECT_EQ(session().show_run(run_id(1))->essential_us, at);
}

TEST_P(conformance, runs_are_listed_newest_first_and_by_what_was_asked) {
  finish();
  for (int n = 2; n <= 4; ++n) {
    start(n);
    if (n < 4) finish();
  }
  const auto all = session().list_runs({});
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].run_id, run_id(4));
  EXPECT_EQ(all[3].run_id, run_id(1));
  EXPECT_EQ(session().list_runs({"acme", "succeeded", "", 50}).size(), 3U);
  EXPECT_EQ(session().list_runs({"umbrella", "", "", 50}).size(), 0U);
  const auto page = session().list_runs({"", "", run_id(3), 1});
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page[0].run_id, run_id(2));
  EXPECT_EQ(page[0].correlation_id, "sync-acme-2");
}

}  // namespace sluice::testing
