// Tenants take turns; essential work goes first. A queue that is merely first come, first served fails here.
#include "engine/turn_queue.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::engine {

namespace {

using order = std::vector<std::string>;

order drain(turn_queue<std::string>& q) {
  order out;
  while (auto next = q.pop()) out.push_back(*next);
  return out;
}

// Counts what is done to a piece of work between push and pop.
struct counted {
  explicit counted(int* n) : moves(n) {}
  counted(counted&& o) noexcept : moves(o.moves) { ++*moves; }
  counted& operator=(counted&& o) noexcept {
    moves = o.moves;
    ++*moves;
    return *this;
  }
  int* moves;
};

}  // namespace

// covers: P11, P12
TEST(turn_queue, tenants_take_turns_one_piece_each) {
  turn_queue<std::string> q;
  for (const char* work : {"a1", "a2", "a3", "a4"}) q.push({urgency::background, "a"}, work);
  q.push({urgency::background, "b"}, "b1");
  q.push({urgency::background, "c"}, "c1");
  q.push({urgency::background, "b"}, "b2");
  EXPECT_EQ(q.size(), 7U);
  EXPECT_EQ(q.tenants(), 3U);
  EXPECT_EQ(drain(q), (order{"a1", "b1", "c1", "a2", "b2", "a3", "a4"}));
  EXPECT_TRUE(q.empty());
}

// covers: P11
TEST(turn_queue, essential_work_of_any_tenant_goes_before_background_of_all) {
  turn_queue<std::string> q;
  q.push({urgency::background, "a"}, "a1");
  q.push({urgency::background, "b"}, "b1");
  q.push({urgency::essential, "a"}, "A1");
  q.push({urgency::essential, "a"}, "A2");
  q.push({urgency::essential, "c"}, "C1");
  EXPECT_EQ(drain(q), (order{"A1", "C1", "A2", "a1", "b1"}));
}

TEST(turn_queue, who_had_a_turn_goes_behind_those_who_wait) {
  turn_queue<std::string> q;
  for (const char* work : {"a1", "a2", "a3"}) q.push({urgency::background, "a"}, work);
  EXPECT_EQ(q.pop(), "a1");
  q.push({urgency::background, "b"}, "b1");
  EXPECT_EQ(q.pop(), "a2") << "a was waiting when b came";
  EXPECT_EQ(q.pop(), "b1");
  EXPECT_EQ(q.pop(), "a3");
  EXPECT_EQ(q.pop(), std::nullopt);
}

TEST(turn_queue, a_tenant_that_may_not_go_keeps_its_place) {
  turn_queue<std::string> q;
  q.push({urgency::background, "a"}, "a1");
  q.push({urgency::background, "b"}, "b1");
  const auto not_a = [](urgency, std::string_view tenant, const std::string&) { return tenant != "a"; };
  EXPECT_EQ(q.take(not_a), "b1");
  EXPECT_EQ(q.take(not_a), std::nullopt);
  q.push({urgency::background, "b"}, "b2");
  EXPECT_EQ(drain(q), (order{"a1", "b2"}));
}

TEST(turn_queue, work_can_be_taken_back) {
  turn_queue<std::string> q;
  for (const char* work : {"a1", "a2"}) q.push({urgency::background, "a"}, work);
  q.push({urgency::essential, "a"}, "a1");
  EXPECT_EQ(q.remove([](const std::string& w) { return w == "a1"; }), 2U);
  EXPECT_EQ(q.size(), 1U);
  EXPECT_EQ(q.size(urgency::essential), 0U);
  EXPECT_EQ(drain(q), (order{"a2"}));
}

TEST(turn_queue, a_tenant_that_is_alone_pays_for_nothing) {
  turn_queue<counted> q;
  int moves = 0;
  for (int n = 0; n < 100; ++n) {
    q.push({urgency::background, "alone"}, counted(&moves));
    const auto back = q.pop();
    ASSERT_TRUE(back);
  }
  EXPECT_LE(moves, 500) << "a piece of work is moved in, over and out, and that is all";
}

}  // namespace sluice::engine
