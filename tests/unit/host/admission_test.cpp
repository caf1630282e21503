// Which run may begin, and who is sent away. Time stands still unless a test moves it.
#include "host/admission.hpp"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/source_health.hpp"
#include "support/manual_clock.hpp"

namespace sluice::host {

namespace {

using engine::urgency;
using order = std::vector<std::string>;

class door : public ::testing::Test {
 protected:
  void make(admission_limits l) {
    door_.emplace(l, clock_, random_, [this](const std::string& s) { return sick_.contains(s); });
  }
  void ask(urgency u, const std::string& tenant, const std::string& name, const std::string& source = "crm") {
    places_[name] = door_->enter({tenant, u, {source}}, [this, name] { begun_.push_back(name); });
  }
  void end(const std::string& name) { places_.erase(name); }
  order begun() { return std::exchange(begun_, {}); }

  boost::asio::io_context context_;
  testing::manual_clock clock_{context_};
  testing::counting_random random_;
  std::set<std::string> sick_;
  std::optional<admission> door_;
  order begun_;
  std::map<std::string, std::unique_ptr<admission::place>> places_;
};

}  // namespace

TEST_F(door, runs_beyond_the_limit_wait_and_tenants_take_turns) {
  make({2, 10});
  for (const char* name : {"a1", "a2", "a3", "a4"}) ask(urgency::background, "a", name);
  ask(urgency::background, "b", "b1");
  EXPECT_EQ(begun(), (order{"a1", "a2"}));
  EXPECT_EQ(door_->active(), 2);
  EXPECT_EQ(door_->queued(), 3);
  end("a1");
  end("a2");
  EXPECT_EQ(begun(), (order{"a3", "b1"}));
  end("a3");
  EXPECT_EQ(begun(), (order{"a4"}));
}

// covers: P11
TEST_F(door, runs_that_somebody_waits_for_go_first) {
  make({1, 10});
  ask(urgency::background, "a", "a1");
  ask(urgency::background, "b", "b1");
  ask(urgency::essential, "c", "C1");
  begun();
  end("a1");
  EXPECT_EQ(begun(), (order{"C1"}));
  end("C1");
  EXPECT_EQ(begun(), (order{"b1"}));
}

TEST_F(door, a_queued_run_can_leave) {
  make({1, 10});
  for (const char* name : {"a1", "a2", "a3"}) ask(urgency::background, "a", name);
  begun();
  end("a2");
  EXPECT_EQ(door_->queued(), 1);
  end("a1");
  EXPECT_EQ(begun(), (order{"a3"}));
}

// covers: P16, P17
TEST_F(door, the_queue_is_bounded_and_says_when_to_come_back) {
  make({2, 3});
  for (int n = 0; n < 5; ++n) ask(urgency::background, "t" + std::to_string(n), "r" + std::to_string(n));
  clock_.advance(8'000'000);
  end("r0");  // a run takes 8 s
  ask(urgency::background, "t6", "r6");
  try {
    ask(urgency::essential, "t7", "r7");
    FAIL() << "it was let in";
  } catch (const engine::failure& f) {
    EXPECT_EQ(f.code(), "SLU-6060");
    EXPECT_EQ(f.kind(), engine::failure_class::throttled);
    // Four in line before a place, two places, 8 s each: 16 s, give or take a fifth.
    EXPECT_GE(f.retry_after_us(), 12'800'000);
    EXPECT_LE(f.retry_after_us(), 19'200'000);
  }
  EXPECT_EQ(door_->queued(), 3);
  end("r1");
  ask(urgency::background, "t8", "r8");
  EXPECT_EQ(door_->queued(), 3) << "there is room again";
}

// covers: P12
TEST_F(door, a_sick_source_gets_a_quarter_of_the_places) {
  make({8, 100});
  sick_.insert("slow");
  for (int n = 0; n < 6; ++n)
    ask(urgency::essential, "t" + std::to_string(n), "s" + std::to_string(n), "slow");
  EXPECT_EQ(begun(), (order{"s0", "s1"}));
  for (int n = 0; n < 7; ++n) ask(urgency::background, "u" + std::to_string(n), "g" + std::to_string(n));
  EXPECT_EQ(begun(), (order{"g0", "g1", "g2", "g3", "g4", "g5"})) << "the others have the rest";
  end("s0");
  EXPECT_EQ(begun(), (order{"s2"}));
  sick_.clear();
  end("g0");
  EXPECT_EQ(begun(), (order{"s3"})) << "well again, and first in line";
}

// covers: P12
TEST_F(door, runs_that_a_source_leaves_stranded_lend_their_places) {
  make({8, 100});
  for (int n = 0; n < 8; ++n)
    ask(urgency::background, "t" + std::to_string(n), "s" + std::to_string(n), "slow");
  ask(urgency::background, "u", "g0");
  EXPECT_EQ(begun().size(), 8U);
  sick_.insert("slow");
  door_->look_again();
  EXPECT_EQ(begun(), (order{"g0"}));
  for (int n = 1; n < 20; ++n) ask(urgency::background, "u" + std::to_string(n), "g" + std::to_string(n));
  EXPECT_EQ(begun(), (order{"g1", "g2", "g3", "g4", "g5"})) << "six of eight places, and no more";
  sick_.clear();
  end("g0");
  EXPECT_EQ(begun(), order{}) << "there are more than enough under way";
}

// covers: P12
TEST(health, a_source_is_sick_that_fails_or_is_slow) {
  boost::asio::io_context context;
  testing::manual_clock clock(context);
  source_health health(clock, {3, 10'000'000});
  int recovered = 0;
  health.on_recovery([&] { ++recovered; });
  for (int n = 0; n < 3; ++n) {
    EXPECT_FALSE(health.sick("p/crm"));
    source_health::request failed(&health, "p", "crm");
    failed.bad();
    source_health::request cancelled(&health, "p", "crm");
  }
  EXPECT_TRUE(health.sick("p/crm"));
  EXPECT_FALSE(health.sick("p/erp"));
  {
    source_health::request fine(&health, "p", "crm");
    fine.good();
  }
  EXPECT_FALSE(health.sick("p/crm"));
  EXPECT_EQ(recovered, 1);
  {
    source_health::request hangs(&health, "p", "crm");
    clock.advance(10'000'000);
    EXPECT_FALSE(health.sick("p/crm"));
    clock.advance(1);
    EXPECT_TRUE(health.sick("p/crm")) << "while it still hangs";
    hangs.good();
  }
  for (int n = 0; n < 20; ++n) {
    source_health::request fast(&health, "p", "crm");
    fast.good();
  }
  EXPECT_FALSE(health.sick("p/crm"));
}

}  // namespace sluice::host
