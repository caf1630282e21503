// Many runs that wait for one host, on virtual time: how often they ask, and what happens when it is back.
#include <algorithm>
#include <cstdint>
#include <map>
#include <queue>
#include <vector>

#include <gtest/gtest.h>

#include "engine/backoff.hpp"

namespace sluice::engine {
namespace {

constexpr std::int64_t second = 1'000'000;

class dice final : public random_port {
 public:
  explicit dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

 private:
  std::uint64_t state_;
};

struct told {
  std::map<std::int64_t, int> asked;  // requests by second
  std::int64_t all_done_us = 0;
  [[nodiscard]] int most(std::int64_t from_s, std::int64_t to_s) const {
    int out = 0;
    for (const auto& [at, n] : asked) out = at >= from_s && at < to_s ? std::max(out, n) : out;
    return out;
  }
  [[nodiscard]] std::int64_t sum(std::int64_t from_s, std::int64_t to_s) const {
    std::int64_t out = 0;
    for (const auto& [at, n] : asked) out += at >= from_s && at < to_s ? n : 0;
    return out;
  }
};

// All runs ask at once, and again as the policy says, until the host is back.
told outage(int runs, std::int64_t back_us, const failure& answer, std::uint64_t seed) {
  const retry_policy policy{1'000'000, second / 5, 30 * second};
  dice random(seed);
  using turn = std::pair<std::int64_t, int>;  // when, how often it has failed
  std::priority_queue<turn, std::vector<turn>, std::greater<>> next;
  for (int i = 0; i < runs; ++i) next.push({0, 0});
  told out;
  while (!next.empty()) {
    const auto [now, failures] = next.top();
    next.pop();
    ++out.asked[now / second];
    if (now < back_us) next.push({now + backoff_us(policy, failures + 1, answer, random), failures + 1});
    else out.all_done_us = now;
  }
  return out;
}

// covers: U29, U2, P14
TEST(a_thousand_waiting_runs, come_back_without_a_stampede_and_within_half_a_minute) {
  const failure down(failure_class::transient, "SLU-3112", "no connection");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::int64_t back_s = 1800;
    const told t = outage(1000, back_s * second, down, seed);
    // Each waits 15 to 30 s: 44 a second on the average, whether the host is down or just back.
    EXPECT_LE(t.most(120, back_s), 100) << seed;
    EXPECT_LE(t.most(back_s, back_s + 60), 100) << seed;
    EXPECT_EQ(t.sum(back_s, back_s + 60), 1000) << seed;
    EXPECT_LE(t.all_done_us, (back_s + 30) * second) << seed;
  }
}

// covers: U2
TEST(a_thousand_waiting_runs, are_spread_within_seconds_of_a_common_failure) {
  const failure down(failure_class::transient, "SLU-3135", "503");
  const told t = outage(1000, 20 * second, down, 7);
  EXPECT_LE(t.most(5, 60), 400);
  EXPECT_LE(t.sum(0, 20), 8 * 1000);  // twenty seconds cost each run at most eight tries
}

// covers: U1
TEST(a_wait_that_the_upstream_asks_for, is_never_cut_short_and_never_lost_in_backoff) {
  dice random(1);
  const retry_policy policy{5, second / 5, 30 * second};
  const failure wait(failure_class::throttled, "SLU-3134", "429", 7 * second);
  for (int failures = 1; failures < 40; ++failures)
    EXPECT_GE(backoff_us(policy, failures, wait, random), 7 * second);
  const failure none(failure_class::throttled, "SLU-3134", "429", 0);
  for (int failures = 1; failures < 40; ++failures) {
    const std::int64_t us = backoff_us(policy, failures, none, random);
    EXPECT_GE(us, second / 10);
    EXPECT_LE(us, 30 * second);
  }
}

}  // namespace
}  // namespace sluice::engine
