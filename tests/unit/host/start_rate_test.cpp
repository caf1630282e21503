// How fast one tenant may begin runs. Time is what a test says it is.
#include "host/start_rate.hpp"

#include <gtest/gtest.h>

namespace sluice::host {

constexpr std::int64_t second = 1'000'000;

// covers: P17
TEST(start_rate, so_many_at_once_and_then_so_many_a_second) {
  start_rate r({50, 3});
  for (int n = 0; n < 3; ++n) {
    EXPECT_EQ(r.wait_us("a", 0), 0) << n;
    r.spend("a", 0);
  }
  EXPECT_EQ(r.wait_us("a", 0), 20'000) << "one in a fiftieth of a second";
  EXPECT_EQ(r.wait_us("b", 0), 0) << "others have their own";
  EXPECT_EQ(r.wait_us("a", 20'000), 0);
  r.spend("a", 20'000);
  EXPECT_EQ(r.wait_us("a", 20'000), 20'000);
  EXPECT_EQ(r.wait_us("a", 10 * second), 0);
  for (int n = 0; n < 3; ++n) r.spend("a", 10 * second);
  EXPECT_GT(r.wait_us("a", 10 * second), 0) << "no more than so many at once, however long nothing was asked";
}

TEST(start_rate, what_was_under_way_is_waited_for_later) {
  start_rate r({10, 1});
  for (int n = 0; n < 5; ++n) r.spend("a", 0);
  EXPECT_EQ(r.wait_us("a", 0), 500'000);
}

TEST(start_rate, without_a_rate_nobody_waits) {
  start_rate r({0, 1});
  for (int n = 0; n < 5; ++n) r.spend("a", 0);
  EXPECT_EQ(r.wait_us("a", 0), 0);
  EXPECT_EQ(r.remembered(), 0U);
}

// covers: P16
TEST(start_rate, tenants_that_have_been_quiet_are_forgotten) {
  start_rate r({50, 100});
  for (int n = 0; n < 100'000; ++n) r.spend("t" + std::to_string(n), n * 10'000LL);
  EXPECT_LE(r.remembered(), 1'024U) << "each is full again after a fiftieth of a second";
}

}  // namespace sluice::host
