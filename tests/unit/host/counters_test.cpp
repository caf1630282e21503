// Counters that only grow, of a store that several hosts ask.
#include "host/counters.hpp"

#include <gtest/gtest.h>

#include "store/store.hpp"
#include "support/memory_store.hpp"

namespace sluice::host {
namespace {

using engine::stage_state;
using key = counters::key;

class counting : public ::testing::Test {
 protected:
  counting() {
    store_.migrate();
    session_ = store_.open_session();
  }
  void run(const std::string& tenant, stage_state credits) {
    engine::run_request ask;
    ask.run_id = "00000000-0000-0000-0000-" + std::to_string(100'000'000'000 + ++runs_);
    ask.tenant = tenant;
    ask.pipeline = "p";
    ask.backend = "direct";
    ask.plan = "{}";
    const auto lease = session_->start_run(ask, {});
    const auto begin = [&](const char* stage, engine::phase phase) {
      return session_->begin_stage(ask.run_id, lease.epoch, {stage, phase, false, false, "{}"}).epoch;
    };
    const auto users = begin("entities.users", engine::phase::essential);
    const auto grants = begin("credits.grants", engine::phase::background);
    session_->end_stage({ask.run_id, "entities.users", users, stage_state::complete, "", "", {}, 2, 0});
    session_->mark_essential(ask.run_id, lease.epoch);
    const bool failed = credits == stage_state::failed;
    session_->end_stage(
        {ask.run_id, "credits.grants", grants, credits, failed ? "SLU-3134" : "", "", {}, 5, 4});
    session_->finish_run(ask.run_id, lease.epoch, false, "", "");
  }
  counters count() { return count_up(*session_, 0); }

  testing::memory_store store_;
  std::unique_ptr<engine::session> session_;
  std::int64_t runs_ = 0;
};

TEST_F(counting, what_has_ended_is_counted_once) {
  EXPECT_TRUE(count().runs.empty());
  run("acme", stage_state::complete);
  run("acme", stage_state::failed);
  const counters c = count();
  EXPECT_EQ(c.runs, (std::map<key, std::int64_t>{{{"p", "direct", "succeeded"}, 1},
                                                 {{"p", "direct", "partial"}, 1}}));
  EXPECT_EQ(c.failed_runs.at({"p", "direct"}), 1);
  EXPECT_EQ(c.domain_runs.at({"p", "credits"}), 2);
  EXPECT_EQ(c.domain_failures.at({"p", "credits"}), 1);
  EXPECT_EQ(c.domain_failures.at({"p", "entities"}), 0) << "a series that is there before its first failure";
  EXPECT_EQ(c.requests.at({"p", "credits"}), 10);
  EXPECT_EQ(c.retries.at({"p", "credits"}), 8);
  EXPECT_EQ(c.errors.at({"p", "SLU-3134"}), 1);
  for (const char* phase : {"essential", "background", "whole"})
    EXPECT_EQ(c.durations.at({"p", "direct", phase}).count(), 2) << phase;
  EXPECT_EQ(to_text(count()), to_text(c)) << "nothing ended since";
}

TEST_F(counting, any_host_goes_on_from_what_another_has_counted) {
  run("acme", stage_state::complete);
  count();
  run("acme", stage_state::complete);
  const auto other = store_.open_session();
  EXPECT_EQ(count_up(*other, 0).runs.at({"p", "direct", "succeeded"}), 2);
  run("acme", stage_state::complete);
  EXPECT_EQ(count().runs.at({"p", "direct", "succeeded"}), 3);
}

TEST_F(counting, what_goes_takes_nothing_away) {
  run("acme", stage_state::complete);
  run("bolt", stage_state::complete);
  count();
  session_->erase_tenant("acme");
  EXPECT_EQ(count().runs.at({"p", "direct", "succeeded"}), 2);
  run("bolt", stage_state::complete);
  session_->retain({engine::retention_request::kind::runs, 0, {}, 1'000});
  EXPECT_EQ(count().runs.at({"p", "direct", "succeeded"}), 3);
}

TEST_F(counting, a_run_that_is_just_being_ended_waits_for_the_next_time) {
  run("acme", stage_state::complete);
  EXPECT_TRUE(count_up(*session_, 3'600'000'000).runs.empty());
  EXPECT_EQ(count().runs.size(), 1U);
}

TEST_F(counting, more_than_one_step_takes_is_counted_to_its_end) {
  for (int n = 0; n < 2'100; ++n) run("acme", stage_state::complete);
  const counters c = count();
  EXPECT_FALSE(c.behind);
  EXPECT_EQ(c.runs.at({"p", "direct", "succeeded"}), 2'100);
}

TEST(counted_durations, each_falls_under_the_least_bound_that_holds_it) {
  counted_duration d;
  d.add(50'000);
  d.add(50'001);
  d.add(4'000'000'000);
  EXPECT_EQ(d.counts[0], 1);
  EXPECT_EQ(d.counts[1], 1);
  EXPECT_EQ(d.counts.back(), 1);
  EXPECT_EQ(d.count(), 3);
  EXPECT_EQ(d.sum_us, 4'000'100'001);
}

}  // namespace
}  // namespace sluice::host
