// An upstream that is down is left alone but for one request at a time, on virtual time.
#include "host/breaker.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "engine/backoff.hpp"
#include "support/manual_clock.hpp"

namespace sluice::host {
namespace {

using engine::failure;
using engine::failure_class;

constexpr std::int64_t second = 1'000'000;
const failure down(failure_class::transient, "SLU-3112", "no connection");

class breakers : public ::testing::Test {
 protected:
  // How long it was told to wait; 0: it was let through and has failed, or not.
  std::int64_t ask(bool well, bool essential = false, const std::string& address = "p/crm") {
    try {
      breaker::passage p(&breaker_, address, essential);
      if (well) p.good();
      else p.failed(down);
      return 0;
    } catch (const failure& f) {
      EXPECT_EQ(f.code(), "SLU-6070");
      EXPECT_EQ(f.kind(), failure_class::throttled);
      return f.retry_after_us();
    }
  }
  void shut() {
    for (int n = 0; n < 5; ++n) EXPECT_EQ(ask(false), 0);
  }

  boost::asio::io_context context_;
  testing::manual_clock clock_{context_};
  breaker breaker_{clock_};
};

}  // namespace

// covers: U29
TEST_F(breakers, shut_after_failures_in_a_row_and_say_when_to_come_again) {
  for (int n = 0; n < 4; ++n) EXPECT_EQ(ask(false), 0);
  EXPECT_EQ(ask(true), 0);
  shut();
  EXPECT_GE(ask(true), second);
  EXPECT_EQ(ask(true, false, "p/erp"), 0) << "another source is none of its business";
}

// covers: U29
TEST_F(breakers, let_one_request_at_a_time_try) {
  shut();
  clock_.advance(second);
  {
    breaker::passage tries(&breaker_, "p/crm", false);
    EXPECT_GT(ask(true), 0);
    EXPECT_GT(ask(true, true), 0);
    tries.failed(down);
  }
  EXPECT_GE(ask(true), 2 * second) << "shut for twice as long";
  clock_.advance(2 * second);
  EXPECT_EQ(ask(true), 0);
  for (int n = 0; n < 10; ++n) EXPECT_EQ(ask(true), 0) << "it is open again";
}

// covers: U29, P12
TEST_F(breakers, let_who_is_waited_for_try_sooner) {
  shut();
  for (std::int64_t length = 1; length < 8; length *= 2) {
    clock_.advance(length * second);
    EXPECT_EQ(ask(false), 0);
  }
  EXPECT_GT(ask(true, true), 0);
  EXPECT_LE(ask(true, true), 2 * second);
  clock_.advance(second);
  EXPECT_GT(ask(true), second);
  EXPECT_EQ(ask(true, true), 0);
  EXPECT_EQ(breaker_.shut_now(), 0U);
}

TEST_F(breakers, go_on_when_a_try_is_given_up) {
  shut();
  clock_.advance(second);
  { const breaker::passage cancelled(&breaker_, "p/crm", false); }
  EXPECT_EQ(ask(true), 0);
}

TEST_F(breakers, take_an_answer_for_an_answer) {
  shut();
  clock_.advance(second);
  {
    breaker::passage tries(&breaker_, "p/crm", false);
    tries.failed({failure_class::denied, "SLU-3130", "401"});
  }
  EXPECT_EQ(breaker_.shut_now(), 0U);
}

TEST_F(breakers, say_once_that_an_upstream_is_down_and_once_that_it_is_back) {
  std::vector<std::string> told;
  breaker_.on_change(
      [&](const std::string& address, const std::string& code) { told.push_back(address + " " + code); });
  shut();
  clock_.advance(second);
  EXPECT_EQ(ask(false), 0);
  clock_.advance(2 * second);
  EXPECT_EQ(ask(true), 0);
  EXPECT_EQ(told, (std::vector<std::string>{"p/crm SLU-3112", "p/crm "}));
}

// An hour without the upstream: what it gets to see, and that all are through soon after.
// covers: U29, U2, P14
TEST_F(breakers, bring_a_thousand_waiting_runs_through_an_hour_without_a_stampede) {
  constexpr std::int64_t back_us = 3600 * second;
  const engine::retry_policy policy{10, second / 5, 30 * second};
  testing::counting_random random;
  struct turn {
    std::int64_t at;
    int run, failures;
    bool operator>(const turn& o) const { return std::tie(at, run) > std::tie(o.at, o.run); }
  };
  std::priority_queue<turn, std::vector<turn>, std::greater<>> next;
  for (int run = 0; run < 1000; ++run) next.push({0, run, 0});
  std::map<std::int64_t, int> sent;  // by second
  int gave_up = 0;
  while (!next.empty()) {
    turn t = next.top();
    next.pop();
    clock_.advance(std::max<std::int64_t>(0, t.at - clock_.steady_us()));
    const bool well = t.at >= back_us;
    std::optional<failure> failed;
    try {
      breaker::passage p(&breaker_, "p/crm", false);
      ++sent[t.at / second];
      if (well) p.good();
      else p.failed(down), failed.emplace(down);
    } catch (const failure& f) {
      failed.emplace(f);
    }
    if (!failed) continue;
    if (failed->kind() != failure_class::throttled) ++t.failures;
    if (t.failures >= policy.attempts) ++gave_up;
    else
      next.push(
          {t.at + engine::backoff_us(policy, std::max(t.failures, 1), *failed, random), t.run, t.failures});
  }
  EXPECT_EQ(gave_up, 0);
  int while_down = 0, most = 0;
  for (const auto& [at, n] : sent)
    (at * second < back_us ? while_down : most) = at * second < back_us ? while_down + n : std::max(most, n);
  EXPECT_LE(while_down, 5 + 3600 / 20 + 10) << "one at a time";
  EXPECT_LE(most, 100) << "a second, when it is back";
  EXPECT_LE(clock_.steady_us(), back_us + 60 * second);
}

}  // namespace sluice::host
