// How many jobs at once are worth it, found on servers that are good for some number of them.
#include "store/concurrency.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace sluice::testing {

namespace {

using store::concurrency;

// Jobs a second, by how many are at work.
using server = std::function<double(int)>;

// Keeps it busy for so many seconds; the limits that were in force, by time.
struct course {
  explicit course(concurrency& c, server s) : tuned(c), rate(std::move(s)) {}
  void run(double seconds) {
    const auto until = now + std::chrono::duration_cast<concurrency::clock::duration>(
                                 std::chrono::duration<double>(seconds));
    while (now < until) {
      now += std::chrono::duration_cast<concurrency::clock::duration>(
          std::chrono::duration<double>(1 / rate(tuned.limit())));
      tuned.job_over(now, true);
      sum += tuned.limit();
      ++jobs;
    }
  }
  [[nodiscard]] double mean() const { return sum / jobs; }
  concurrency& tuned;
  server rate;
  concurrency::clock::time_point now{std::chrono::hours(1)};
  double sum = 0, jobs = 0;
};

// Each job takes a while of waiting, and there are cores for some at a time; more get in each other's way.
server with_cores(int cores, double hindrance) {
  return [=](int at_work) {
    const double done = std::min(at_work, cores) * 500.0;
    return done / (1 + hindrance * std::max(0, at_work - cores));
  };
}

}  // namespace

TEST(concurrency, stays_where_more_only_get_in_each_others_way) {
  concurrency c(2, 16, 16);
  course there(c, with_cores(4, 0.05));
  there.run(20);
  course then(c, there.rate);
  then.now = there.now;
  then.run(20);
  EXPECT_GE(then.mean(), 3);
  EXPECT_LE(then.mean(), 6);
}

TEST(concurrency, grows_to_what_a_large_server_is_good_for) {
  concurrency c(2, 4, 64);
  course there(c, with_cores(48, 0.05));
  there.run(30);
  EXPECT_GE(c.limit(), 36);
}

TEST(concurrency, takes_no_more_than_is_of_use) {
  concurrency c(2, 4, 64);
  course there(c, with_cores(8, 0));  // more do no harm, and no good
  there.run(60);
  course then(c, there.rate);
  then.now = there.now;
  then.run(20);
  EXPECT_GE(then.mean(), 6);
  EXPECT_LE(then.mean(), 12);
}

TEST(concurrency, learns_nothing_while_nobody_waits) {
  concurrency c(2, 4, 16);
  auto now = concurrency::clock::time_point{std::chrono::hours(1)};
  for (int i = 0; i < 10'000; ++i) {
    now += std::chrono::milliseconds(1);
    c.job_over(now, false);
    ASSERT_EQ(c.limit(), 4);
  }
}

TEST(concurrency, is_never_outside_of_its_bounds) {
  concurrency alone(2, 4, 1);
  EXPECT_EQ(alone.limit(), 2) << "of which one thread makes use of one";
  concurrency c(2, 100, 8);
  EXPECT_EQ(c.limit(), 8);
  course there(c, [](int at_work) { return 100.0 * at_work; });
  for (int i = 0; i < 100; ++i) {
    there.run(0.5);
    ASSERT_GE(c.limit(), 2);
    ASSERT_LE(c.limit(), 8);
  }
  EXPECT_EQ(c.limit(), 8);
}

}  // namespace sluice::testing
