#include "engine/refusals.hpp"

#include <gtest/gtest.h>

namespace sluice::engine {

namespace {

stage_plan plan_with(delete_guard rejects) {
  stage_plan out;
  out.name = "entities.users";
  out.rejects = rejects;
  return out;
}

record_counts records(std::int64_t all, std::int64_t rejected) { return {all, all - rejected, 0, rejected}; }

row_counts rows(std::int64_t all, std::int64_t rejected) {
  row_counts out;
  out.rows = all;
  out.inserted = all - rejected;
  out.rejected = rejected;
  return out;
}

}  // namespace

// covers: U23
TEST(refusals, are_too_many_beyond_the_share_and_the_floor) {
  const stage_plan plan = plan_with({0.5, 10});
  EXPECT_FALSE(refused_too_much(plan, records(100, 50), {}));
  EXPECT_FALSE(refused_too_much(plan, records(10, 10), {})) << "up to the floor";
  const auto why = refused_too_much(plan, records(100, 51), {});
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), "SLU-6017");
  EXPECT_NE(why->message().find("51 of 100 records"), std::string::npos) << why->message();
  EXPECT_FALSE(why->retryable());
}

// covers: U23
TEST(refusals, count_for_each_stream_by_itself) {
  const stage_plan plan = plan_with({0.5, 10});
  stage_row booked;
  booked.records = records(1'000, 0);
  booked.streams = {{"entities", rows(1'000, 0)}, {"memberships", rows(30, 20)}};
  const auto why = refused_too_much(plan, booked);
  ASSERT_TRUE(why);
  EXPECT_NE(why->message().find("20 of 30 rows"), std::string::npos) << why->message();
  booked.streams[1].second = rows(30, 15);
  EXPECT_FALSE(refused_too_much(plan, booked));
}

// covers: U23
TEST(refusals, matter_never_where_that_is_said) {
  EXPECT_FALSE(refused_too_much(plan_with({1.0, 0}), records(100, 100), {}));
}

}  // namespace sluice::engine
