// How long one waits behind many, by how fast they end.
#include "host/end_pace.hpp"

#include <gtest/gtest.h>

namespace sluice::host {

namespace {

void end(end_pace& p, int runs, std::int64_t& now_us, std::int64_t each_us, bool others_wait = true) {
  for (int n = 0; n < runs; ++n) p.ended(now_us += each_us, others_wait);
}

}  // namespace

// covers: P17
TEST(end_pace, tells_how_long_so_many_take_once_enough_have_ended) {
  end_pace p;
  std::int64_t now = 0;
  end(p, 16, now, 10'000);
  EXPECT_FALSE(p.until_us(100)) << "fifteen times between two";
  end(p, 1, now, 10'000);
  EXPECT_EQ(p.until_us(100), 1'000'000);
}

TEST(end_pace, follows_what_changes) {
  end_pace p;
  std::int64_t now = 0;
  end(p, 100, now, 10'000);
  end(p, 1'000, now, 30'000);
  EXPECT_NEAR(static_cast<double>(*p.until_us(100)), 3e6, 1e3);
}

TEST(end_pace, knows_nothing_where_nobody_had_to_wait) {
  end_pace p;
  std::int64_t now = 0;
  end(p, 100, now, 10'000);
  end(p, 1, now, 10'000, false);
  EXPECT_FALSE(p.until_us(100));
  end(p, 1, now, 60'000'000);
  EXPECT_FALSE(p.until_us(100)) << "how long nothing was to do is no matter";
  end(p, 17, now, 20'000);
  EXPECT_EQ(p.until_us(100), 2'000'000);
}

}  // namespace sluice::host
