// A database whose clock goes back: nothing is deleted for it, kept out by it, or locked for hours.
#include "store/harness.hpp"

namespace sluice::testing {

namespace {

using engine::sweep_result;

constexpr std::int64_t ten_years = 10LL * 365 * 24 * 3600 * 1'000'000;

}  // namespace

class clock_back : public conformance {
 protected:
  sweep_result sweep() {
    return session().sweep({run_.run_id, run_.epoch, "entry", "entities", {"s"}, {0.2, 0}});
  }
  void read_all(const std::vector<cells>& users) {
    put("entities", users);
    end_item();
    end_stage("s");
  }
};

// covers: S14, P6
TEST_P(clock_back, nothing_is_swept_by_a_run_that_seems_to_begin_after_its_pages) {
  read_all({user("u1"), user("u2")});
  session().finish_run(run_.run_id, run_.epoch, false, "", "");
  start(2);
  read_all({user("u1")});
  under_->turn_clock_back(ten_years);
  const auto refused = sweep();
  EXPECT_EQ(refused.result, sweep_result::how::unproven);
  EXPECT_NE(refused.reason.find("clock went back"), std::string::npos) << refused.reason;
  EXPECT_EQ(row("entities", "u2").at("deleted"), "false");
}

// covers: S14, P6
TEST_P(clock_back, nothing_is_approved_for_a_run_that_ends_in_the_future) {
  read_all({user("u1"), user("u2")});
  session().finish_run(run_.run_id, run_.epoch, false, "", "");
  start(2);
  read_all({user("u1")});
  EXPECT_EQ(sweep().result, sweep_result::how::held);
  ASSERT_EQ(session().finish_run(run_.run_id, run_.epoch, false, "", ""), engine::run_state::held);
  under_->turn_clock_back(ten_years);
  EXPECT_EQ(refusal_code([&] { session().approve(run_.run_id); }), "SLU-5073");
  under_->turn_clock_back(-ten_years);
  EXPECT_EQ(session().approve(run_.run_id), engine::run_state::succeeded);
}

// covers: S14, P7
TEST_P(clock_back, a_row_from_the_future_keeps_no_newer_one_out) {
  put("entities", {user("u1", "Ada"), user("u2", "Grace")});
  under_->turn_clock_back(ten_years);
  requested_us_ += 1'000'000;
  const auto counts = put("entities", {user("u1", "Lovelace"), user("u2", "Grace", {{"_deleted", "true"}})});
  EXPECT_EQ(counts.updated, 1);
  EXPECT_EQ(counts.deleted, 1);
  EXPECT_EQ(counts.stale, 0);
  EXPECT_EQ(row("entities", "u1").at("name"), "Lovelace");
}

// covers: S14, P13
TEST_P(clock_back, a_lease_from_the_future_is_shortened_by_who_meets_it) {
  under_->turn_clock_back(ten_years);
  auto other = request_for(2);
  other.by.host = "host-2";
  other.lease_us = 1;
  const auto nobody_is_dead = [](const engine::holder&) { return false; };
  EXPECT_EQ(session().start_run(other, nobody_is_dead).result, engine::run_lease::how::joined);
  EXPECT_EQ(session().start_run(other, nobody_is_dead).result, engine::run_lease::how::took_over);
}

INSTANTIATE_TEST_SUITE_P(stores, clock_back, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
