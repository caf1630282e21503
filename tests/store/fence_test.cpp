// Who may write: leases, epochs, checkpoints; and how a lost answer is found again.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;
using how = engine::run_lease::how;

namespace {
const auto nobody_is_dead = [](const engine::holder&) { return false; };
}

// covers: P10
TEST_P(conformance, a_second_caller_joins_the_open_run) {
  auto second = request_for(2);
  second.by.pid = 200;
  const auto joined = session().start_run(second, nobody_is_dead);
  EXPECT_EQ(joined.result, how::joined);
  EXPECT_EQ(joined.run_id, run_id(1));
  EXPECT_EQ(joined.correlation_id, "sync-acme-1");
  EXPECT_EQ(joined.epoch, 0);
  EXPECT_EQ(joined.held_by.pid, 100);
  EXPECT_EQ(joined.held_by.host, "host-1");
  EXPECT_FALSE(session().show_run(run_id(2)).has_value());
}

TEST_P(conformance, another_scope_pipeline_or_tenant_is_another_run) {
  auto subject = request_for(2);
  subject.scope = "subject:u1";
  EXPECT_EQ(session().start_run(subject, {}).result, how::started);
  auto pipeline = request_for(3);
  pipeline.pipeline = "other";
  EXPECT_EQ(session().start_run(pipeline, {}).result, how::started);
  auto tenant = request_for(4);
  tenant.tenant = "umbrella";
  EXPECT_EQ(session().start_run(tenant, {}).result, how::started);
}

// covers: P10
TEST_P(conformance, a_start_that_is_asked_again_gets_the_same_answer) {
  const auto again = session().start_run(request_for(1), nobody_is_dead);
  EXPECT_EQ(again.result, how::started);
  EXPECT_EQ(again.epoch, run_.epoch);
  EXPECT_EQ(put("entities", {user("u1")}).inserted, 1);
}

// covers: P3, P9
TEST_P(conformance, a_run_whose_holder_is_dead_is_taken_over_with_its_state) {
  put("entities", {user("u1")});
  auto second = request_for(2);
  second.by.pid = 200;
  const auto taken =
      session().start_run(second, [](const engine::holder& h) { return h.pid == 100 && h.started == 5000; });
  EXPECT_EQ(taken.result, how::took_over);
  EXPECT_EQ(taken.run_id, run_id(1));
  EXPECT_EQ(taken.epoch, run_.epoch + 1);
  const auto old_epoch = run_.epoch;
  run_ = taken;
  EXPECT_EQ(begin("s").open_items.at(0).page_seq, 1);
  EXPECT_FALSE(session().renew_lease(run_id(1), old_epoch, 1'000'000));
  EXPECT_TRUE(session().renew_lease(run_id(1), taken.epoch, 1'000'000));
}

// covers: P3, P9
TEST_P(conformance, a_run_whose_lease_ran_out_is_taken_over) {
  ASSERT_TRUE(session().renew_lease(run_id(1), run_.epoch, -1));
  auto second = request_for(2);
  second.by.host = "host-2";
  EXPECT_EQ(session().start_run(second, nobody_is_dead).result, how::took_over);
}

TEST_P(conformance, a_lease_that_ran_out_but_was_not_taken_can_be_renewed) {
  ASSERT_TRUE(session().renew_lease(run_id(1), run_.epoch, -1));
  EXPECT_TRUE(session().renew_lease(run_id(1), run_.epoch, 30'000'000));
}

// covers: P9, H9
TEST_P(conformance, after_a_take_over_the_old_holder_writes_nothing) {
  auto second = request_for(2);
  second.by.pid = 200;
  const auto taken = session().start_run(second, [](const engine::holder&) { return true; });
  EXPECT_EQ(refusal_code([&] { put("entities", {user("u1")}); }), code::fenced_run);
  EXPECT_EQ(refusal_code([&] { session().mark_essential(run_id(1), run_.epoch); }), code::fenced_run);
  EXPECT_EQ(refusal_code([&] { begin("s"); }), code::fenced_run);
  EXPECT_EQ(refusal_code([&] { session().resolve(run_id(1), run_.epoch, "acme", 1); }), code::fenced_run);
  EXPECT_EQ(refusal_code([&] { session().finish_run(run_id(1), run_.epoch, false, "", ""); }),
            code::fenced_run);
  EXPECT_TRUE(rows("entities").empty());
  EXPECT_EQ(session().show_run(run_id(1))->state, engine::run_state::running);
  EXPECT_EQ(taken.run_id, run_id(1));
}

// covers: P9, H9
TEST_P(conformance, a_newer_attempt_of_a_stage_fences_the_older_one) {
  auto old_page = next_page(make_page({}));
  begin("s");
  EXPECT_EQ(refusal_code([&] { commit(std::move(old_page)); }), code::fenced_stage);
  EXPECT_EQ(
      refusal_code([&] {
        session().end_stage({run_id(1), "s", epochs_["s"] - 1, engine::stage_state::failed, "", "", {}});
      }),
      code::fenced_stage);
}

// covers: P3, P9
TEST_P(conformance, a_page_commits_only_at_its_checkpoint) {
  put("entities", {user("u1")});
  auto again = next_page(make_page({}));
  again.page_seq = 0;
  EXPECT_EQ(refusal_code([&] { commit(std::move(again)); }), code::fenced_page);
  auto ahead = next_page(make_page({}));
  ahead.page_seq = 7;
  EXPECT_EQ(refusal_code([&] { commit(std::move(ahead)); }), code::fenced_page);
}

// covers: P3
TEST_P(conformance, a_batch_whose_turn_does_not_come_leaves_nothing) {
  std::vector<engine::page_write> pages;
  pages.push_back(page_of("u1"));
  auto request = request_of(std::move(pages));
  request.gate = [] { return false; };
  EXPECT_EQ(refusal_code([&] { session().commit(request); }), code::busy);
  EXPECT_TRUE(rows("entities").empty());
  EXPECT_FALSE(session().find_commit(request).has_value());
  request.gate = nullptr;
  EXPECT_EQ(counts_of(session().commit(request), 0, "entities").inserted, 1);
}

// covers: P3
TEST_P(conformance, a_batch_commits_behind_the_one_before_it) {
  std::vector<engine::page_write> first, second;
  first.push_back(page_of("u1"));
  second.push_back(page_of("u2"));
  auto before = request_of(std::move(first)), after = request_of(std::move(second));
  const auto other = another_session();
  after.gate = [&, done = false]() mutable {
    if (!std::exchange(done, true)) other->commit(before);
    return true;
  };
  EXPECT_EQ(counts_of(session().commit(after), 0, "entities").inserted, 1);
  EXPECT_EQ(rows("entities").size(), 2U);
  EXPECT_EQ(begin("s").open_items.at(0).page_seq, 2);
}

// covers: P3
TEST_P(conformance, a_batch_does_not_commit_over_one_that_is_missing) {
  static_cast<void>(page_of("u1"));
  std::vector<engine::page_write> second;
  second.push_back(page_of("u2"));
  auto after = request_of(std::move(second));
  after.gate = [] { return true; };
  EXPECT_EQ(refusal_code([&] { session().commit(after); }), code::fenced_page);
  EXPECT_TRUE(rows("entities").empty());
}

// covers: P3
TEST_P(conformance, a_batch_that_waits_its_turn_is_fenced_like_any_other) {
  auto w = page_of("u1");
  begin("s");
  std::vector<engine::page_write> pages;
  pages.push_back(std::move(w));
  auto request = request_of(std::move(pages));
  request.gate = [] { return true; };
  EXPECT_EQ(refusal_code([&] { session().commit(request); }), code::fenced_stage);
}

TEST_P(conformance, an_item_that_has_ended_takes_no_page) {
  end_item();
  EXPECT_EQ(refusal_code([&] { put("entities", {user("u1")}); }), code::fenced_page);
  auto unknown = next_page(make_page({}));
  unknown.item = "77";
  unknown.page_seq = 0;
  EXPECT_EQ(refusal_code([&] { commit(std::move(unknown)); }), code::fenced_page);
}

// covers: P3, P9
TEST_P(conformance, one_page_at_the_wrong_place_refuses_the_whole_batch) {
  std::vector<engine::page_write> pages;
  for (const char* id : {"u1", "u2"}) {
    std::vector<engine::stream_rows> s;
    s.push_back(make_rows(stream_named("entities"), {user(id)}));
    pages.push_back(next_page(make_page(std::move(s))));
  }
  pages[1].page_seq = 5;
  auto request = request_of(std::move(pages));
  EXPECT_EQ(refusal_code([&] { session().commit(request); }), code::fenced_page);
  EXPECT_TRUE(rows("entities").empty());
}

TEST_P(conformance, a_stage_that_has_ended_takes_no_page) {
  end_stage("s", engine::stage_state::failed);
  EXPECT_EQ(refusal_code([&] { put("entities", {user("u1")}); }), code::fenced_stage);
}

// covers: P9, H9
TEST_P(conformance, a_fence_is_a_failure_of_the_class_fenced) {
  begin("s");
  epochs_["s"] -= 1;
  try {
    put("entities", {user("u1")});
    FAIL() << "it was not refused";
  } catch (const engine::failure& f) {
    EXPECT_EQ(f.kind(), engine::failure_class::fenced);
  }
}

// covers: P4, S2
TEST_P(conformance, the_answer_of_a_commit_can_be_found_again) {
  std::vector<engine::page_write> pages;
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("notes"),
                        {{{"external_id", "n1"}, {"entity.kind", "user"}, {"entity.external_id", "x"}}}));
  s.push_back(make_rows(stream_named("entities"), {user("u1"), user("u1", "B"), user("u2")}));
  pages.push_back(next_page(make_page(std::move(s))));
  pages.push_back(next_page(make_page({}), true));
  auto request = request_of(std::move(pages));
  EXPECT_FALSE(session().find_commit(request).has_value()) << "not committed yet";
  const auto result = session().commit(request);
  const auto found = another_session()->find_commit(request);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->pages.size(), 2U);
  EXPECT_EQ(counts_of(*found, 0, "entities"), counts_of(result, 0, "entities"));
  EXPECT_EQ(counts_of(*found, 0, "notes"), counts_of(result, 0, "notes"));
  EXPECT_TRUE(found->pages[1].streams.empty());
}

TEST_P(conformance, cancel_is_a_flag_that_the_holder_sees) {
  EXPECT_FALSE(session().cancel_requested(run_id(1)));
  EXPECT_TRUE(another_session()->request_cancel(run_id(1)));
  EXPECT_TRUE(session().cancel_requested(run_id(1)));
  EXPECT_FALSE(session().request_cancel(run_id(9))) << "there is no such run";
}

TEST_P(conformance, a_run_that_has_ended_cannot_be_cancelled_renewed_or_started_again) {
  ASSERT_EQ(finish(), engine::run_state::succeeded);
  EXPECT_FALSE(session().request_cancel(run_id(1)));
  EXPECT_FALSE(session().renew_lease(run_id(1), run_.epoch, 1'000'000));
  EXPECT_EQ(refusal_code([&] { session().start_run(request_for(1), {}); }), code::unknown_run);
  EXPECT_EQ(session().start_run(request_for(2), {}).result, how::started);
}

TEST_P(conformance, the_epoch_of_a_lease_never_goes_down) {
  const auto first = run_.epoch;
  finish();
  start(2);
  EXPECT_GT(run_.epoch, first);
}

TEST_P(conformance, a_dropped_item_is_gone_and_counts_as_done) {
  begin("child", engine::phase::background, false, false);
  auto page = make_page({});
  page.children = {{"child", "0.0.1", R"({"id":"1"})"}, {"child", "0.0.2", R"({"id":"2"})"}};
  commit(next_page(std::move(page)));
  const auto open = begin("child", engine::phase::background, false, false).open_items;
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].id, "0.0.1");
  EXPECT_EQ(open[0].vars, R"({"id":"1"})");
  session().drop_item(run_id(1), "child", epochs_["child"], "0.0.1");
  EXPECT_EQ(begin("child", engine::phase::background, false, false).open_items.size(), 1U);
  EXPECT_EQ(refusal_code([&] { session().drop_item(run_id(1), "child", 1, "0.0.2"); }), code::fenced_stage);
}

// covers: P2
TEST_P(conformance, children_of_a_page_are_there_with_the_page_and_survive_the_session) {
  auto page = make_page({});
  page.children = {{"child", "0.0.1", "{}"}};
  commit(next_page(std::move(page)));
  session_ = store().open_session();
  EXPECT_EQ(begin("child", engine::phase::background, false, false).open_items.size(), 1U);
  EXPECT_EQ(begin("s").open_items.at(0).page_state, "page-1");
}

TEST_P(conformance, the_clock_goes_forward) {
  const auto before = session().now_us();
  EXPECT_GT(before, 1'600'000'000'000'000);
  EXPECT_GE(another_session()->now_us(), before);
}

}  // namespace sluice::testing
