// Tenants whose essential runs hang while those of others do not, and how long somebody who waits is kept waiting.
#include "host/slow_tenants.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "host/admission.hpp"
#include "host/source_health.hpp"
#include "support/manual_clock.hpp"

namespace sluice::host {

namespace {

using engine::urgency;

class slow_door : public ::testing::Test {
 protected:
  void make(admission_limits l) {
    l.essential_reserved = 0;
    l.tenant_share = 1;
    door_.emplace(l, clock_, random_, [](const std::string&) { return false; });
  }
  void ask(const std::string& tenant, const std::string& name, std::int64_t patience_us = 0) {
    places_[name] = door_->enter({tenant, urgency::essential, {"crm"}, false, patience_us},
                                 [this, name] { begun_.insert(name); });
  }
  bool refused(const std::string& name, std::int64_t patience_us) {
    try {
      ask(name, name, patience_us);
      return false;
    } catch (const engine::failure& f) {
      EXPECT_EQ(f.code(), "SLU-6068");
      return true;
    }
  }
  bool began(const std::string& name) const { return begun_.contains(name); }
  void end(const std::string& name) { places_.erase(name); }
  void last(int runs, std::int64_t each_us) {
    for (int n = 0; n < runs; ++n) {
      ask("usual", "usual");
      clock_.advance(each_us);
      end("usual");
    }
  }

  boost::asio::io_context context_;
  testing::manual_clock clock_{context_};
  testing::counting_random random_;
  std::optional<admission> door_;
  std::set<std::string> begun_;
  std::map<std::string, std::unique_ptr<admission::place>> places_;
};

}  // namespace

// covers: P12, P16
TEST_F(slow_door, tenants_whose_runs_hang_lend_their_places) {
  make({8, 100});
  last(20, 50'000);
  for (const char* s : {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"}) ask(s, s);
  ask("a", "a");
  EXPECT_FALSE(began("a")) << "all places are taken, and nothing is known of who took them";
  clock_.advance(2'000'001);
  ask("b", "b");
  EXPECT_TRUE(began("a") && began("b"));
  ask("s0", "again");
  EXPECT_FALSE(began("again")) << "more of them hang than the share of the slow";
  for (const char* s : {"s1", "s2", "s3", "s4", "s5", "s6", "s7"}) end(s);
  EXPECT_TRUE(began("again"));
  ask("s1", "after");
  EXPECT_FALSE(began("after")) << "they are two, s0 twice: known for a while after";
  clock_.advance(60'000'001);
  end("again");
  EXPECT_TRUE(began("after"));
}

TEST_F(slow_door, a_tenant_is_as_others_again_once_its_run_is_quick) {
  make({8, 100});
  last(20, 50'000);
  for (const char* s : {"s0", "s1", "s2"}) ask(s, s);
  clock_.advance(2'000'001);
  for (const char* s : {"s0", "s1", "s2"}) end(s);
  for (const char* s : {"s0", "s1", "s2"}) ask(s, s + std::string("'"));
  EXPECT_TRUE(began("s0'") && began("s1'"));
  EXPECT_FALSE(began("s2'")) << "two of eight are the share of the slow";
  clock_.advance(50'000);
  end("s0'");
  ask("s0", "s0''");
  EXPECT_TRUE(began("s2'") && began("s0''"));
}

TEST_F(slow_door, where_all_take_long_nobody_hangs) {
  make({2, 100});
  last(100, 3'000'000);
  for (const char* s : {"s0", "s1"}) ask(s, s);
  clock_.advance(10'000'000);
  ask("a", "a");
  EXPECT_FALSE(began("a"));
  clock_.advance(15'000'000);
  ask("b", "b");
  EXPECT_TRUE(began("a") || began("b"));
}

// covers: P12, P16
TEST_F(slow_door, where_nothing_moves_any_more_those_that_hang_are_known_whatever_was_usual) {
  make({8, 100});
  last(20, 1'500'000);
  for (const char* s : {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"}) ask(s, s);
  ask("a", "a");
  clock_.advance(1'000'000);
  end("s7");
  EXPECT_TRUE(began("a"));
  ask("b", "b");
  clock_.advance(2'000'000);
  ask("c", "c");
  EXPECT_FALSE(began("b") || began("c")) << "two seconds ago one has ended, and one has begun";
  clock_.advance(1);
  ask("d", "d");
  EXPECT_TRUE(began("b") && began("c") && began("d"));
  ask("s0", "again");
  EXPECT_FALSE(began("again")) << "more of them hang than the share of the slow";
  clock_.advance(1'500'000);
  for (const char* s : {"e", "f", "g", "h"}) ask(s, s);
  EXPECT_TRUE(began("e") && began("f") && began("g"));
  clock_.advance(600'000);
  ask("i", "i");
  EXPECT_FALSE(began("h") || began("i")) << "some have begun a moment ago";
}

// covers: P17
TEST_F(slow_door, who_waits_for_an_answer_is_sent_away_before_his_patience_ends) {
  make({1, 100});
  last(1, 1'000'000);
  for (const char* s : {"s0", "s1", "s2"}) ask(s, s);
  EXPECT_TRUE(refused("a", 5'000'000)) << "three seconds, of five that he has";
  EXPECT_FALSE(refused("b", 8'000'000));
  EXPECT_FALSE(refused("c", 0)) << "ten seconds at most, as for all";
  const auto looked = door_->look("d", urgency::essential, 5'000'000);
  ASSERT_TRUE(looked);
  EXPECT_EQ(looked->code(), "SLU-6068");
  EXPECT_FALSE(door_->look("d", urgency::essential));
  EXPECT_TRUE(door_->look("d", urgency::essential, 0, 6)) << "six more are on their way to the door";
}

TEST(patience, is_for_the_turn_by_half_and_never_less_than_a_run_takes_anyway) {
  EXPECT_EQ(longest_turn_us(10'000'000, 0), 10'000'000);
  EXPECT_EQ(longest_turn_us(10'000'000, 8'000'000), 4'000'000);
  EXPECT_EQ(longest_turn_us(10'000'000, 60'000'000), 10'000'000);
  EXPECT_EQ(longest_turn_us(10'000'000, 1'000'000), 2'000'000);
  EXPECT_EQ(longest_turn_us(0, 5'000'000), 0) << "nobody is sent away";
}

// covers: P12
TEST(health, what_hangs_for_some_while_others_are_answered_does_not_make_a_source_sick) {
  boost::asio::io_context context;
  testing::manual_clock clock(context);
  source_health health(clock, {3, 10'000'000});
  source_health::request hangs(&health, "p/crm");
  clock.advance(9'000'000);
  {
    source_health::request fine(&health, "p/crm");
    fine.good();
  }
  clock.advance(9'000'000);
  EXPECT_FALSE(health.sick("p/crm"));
  clock.advance(1'000'001);
  EXPECT_TRUE(health.sick("p/crm")) << "nobody has been answered since";
}

}  // namespace sluice::host
