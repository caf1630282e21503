// What a complete stage leaves for the next run; tenants that come and go.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;

namespace {

engine::page page_of_u1() {
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named("entities"), {user("u1")}));
  return make_page(std::move(streams));
}

}  // namespace

class remembering : public conformance {
 protected:
  // One page whose greatest change time is `high`, and the end of the stage under this rule.
  void read_to(std::optional<std::int64_t> high, engine::watermark_rule rule) {
    engine::page page = page_of_u1();
    page.high_us = high;
    commit(next_page(std::move(page), true));
    session().end_stage(
        {run_.run_id, "s", epochs_["s"], engine::stage_state::complete, "", "", std::move(rule)});
  }
  engine::run_state end_run() { return session().finish_run(run_.run_id, run_.epoch, false, "", ""); }
  [[nodiscard]] engine::watermark_row mark() {
    const auto all = session().watermarks(request_for(1).tenant, request_for(1).pipeline);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? engine::watermark_row{} : all.front();
  }
};

TEST_P(remembering, a_watermark_is_the_greatest_value_seen) {
  read_to(1'000'000, {"m1", 0, true});
  EXPECT_EQ(mark().value_us, 1'000'000);
  EXPECT_EQ(mark().mapping, "m1");
  EXPECT_EQ(mark().stage, "s");
}

TEST_P(remembering, a_watermark_is_never_later_than_the_start_without_the_lag) {
  const std::int64_t before = session().now_us();
  read_to(before + 3'600'000'000, {"m1", 5'000'000, true});
  EXPECT_LT(mark().value_us, session().now_us() - 5'000'000 + 1);
  EXPECT_GT(mark().value_us, 0);
}

// What it has read may come after this run was told that it is gone: the next one has to be told again.
// covers: P6
TEST_P(remembering, a_watermark_is_never_later_than_the_beginning_of_a_run_beside_it) {
  end_run();
  engine::run_request signing_in = request_for(2), elsewhere = request_for(3);
  signing_in.scope = "subject:u1";
  elsewhere.tenant = "bolt";
  session().start_run(elsewhere, {});
  const engine::run_lease beside = session().start_run(signing_in, {});
  const std::int64_t began = session().show_run(signing_in.run_id)->created_us;
  const auto read_all = [&] { read_to(session().now_us() + 3'600'000'000, {"m1", 0, true}); };
  start(4);
  read_all();
  EXPECT_EQ(mark().value_us, began) << "it is open";
  EXPECT_LT(mark().value_us, mark().full_us);
  end_run();
  start(5);
  session().finish_run(signing_in.run_id, beside.epoch, false, "", "");
  read_all();
  EXPECT_EQ(mark().value_us, began) << "it was open when this read began";
  end_run();
  start(6);
  read_all();
  EXPECT_EQ(mark().value_us, mark().full_us) << "it is over; another tenant's run is no matter";
}

TEST_P(remembering, an_incremental_read_does_not_move_it_back) {
  read_to(2'000'000, {"m1", 0, true});
  const std::int64_t full = mark().full_us;
  end_run();
  start(2);
  read_to(1'000'000, {"m1", 0, false});
  EXPECT_EQ(mark().value_us, 2'000'000);
  EXPECT_EQ(mark().full_us, full);
  end_run();
  start(3);
  read_to(std::nullopt, {"m1", 0, false});
  EXPECT_EQ(mark().value_us, 2'000'000);
  end_run();
  start(4);
  read_to(1'500'000, {"m2", 0, true});
  EXPECT_EQ(mark().value_us, 1'500'000) << "a full read starts anew";
  EXPECT_GT(mark().full_us, full);
}

// covers: P6
TEST_P(remembering, a_failed_stage_leaves_no_watermark) {
  session().end_stage({run_.run_id, "s", epochs_["s"], engine::stage_state::failed, "SLU-3001", "away", {}});
  EXPECT_TRUE(session().watermarks(request_for(1).tenant, request_for(1).pipeline).empty());
}

TEST_P(remembering, what_is_fresh_is_what_was_complete) {
  const engine::run_request ask = request_for(1);
  EXPECT_TRUE(session().freshness(ask.tenant, ask.pipeline, "").empty());
  read_to(std::nullopt, {"m1", 0, true});
  const auto fresh = session().freshness(ask.tenant, ask.pipeline, "");
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(fresh[0].stage, "s");
  EXPECT_EQ(fresh[0].manifest_hash, ask.manifest_hash);
  EXPECT_GT(fresh[0].started_us, 0);
  EXPECT_TRUE(session().freshness(ask.tenant, ask.pipeline, "subject:u1").empty());
}

TEST_P(remembering, an_erased_tenant_leaves_nothing) {
  EXPECT_EQ(refusal_code([&] { session().erase_tenant(request_for(1).tenant); }), code::tenant_busy);
  put("entities", {user("u1")});
  EXPECT_EQ(finish(), engine::run_state::succeeded);
  auto other = request_for(2);
  other.tenant = "bolt";
  run_ = session().start_run(other, {});
  ASSERT_EQ(session().list_tenants().size(), 2U);
  std::int64_t gone = 0;
  for (const auto& [table, count] : session().erase_tenant(request_for(1).tenant)) gone += count;
  EXPECT_GE(gone, 5);
  EXPECT_TRUE(rows("entities").empty());
  EXPECT_FALSE(session().show_run(run_id(1)).has_value());
  ASSERT_EQ(session().list_tenants().size(), 1U);
  EXPECT_EQ(session().list_tenants()[0].tenant, "bolt");
  EXPECT_TRUE(session().show_run(run_id(2)).has_value());
}

INSTANTIATE_TEST_SUITE_P(stores, remembering, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
