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
  // Without the shares, which have tests of their own.
  static admission_limits plain(int active, int queued) {
    admission_limits l{active, queued};
    l.essential_reserved = 0;
    l.tenant_share = 1;
    return l;
  }
  void ask(urgency u, const std::string& tenant, const std::string& name, const std::string& source = "crm") {
    places_[name] = door_->enter({tenant, u, {source}}, [this, name] { begun_.push_back(name); });
  }
  void end(const std::string& name) { places_.erase(name); }
  // The code of who sends it away; empty: it was let in.
  std::string refused(urgency u, const std::string& tenant, const std::string& name,
                      const std::string& source = "crm") {
    try {
      ask(u, tenant, name, source);
      return {};
    } catch (const engine::failure& f) {
      EXPECT_EQ(f.kind(), engine::failure_class::throttled);
      EXPECT_GE(f.retry_after_us(), 800'000);
      return f.code();
    }
  }
  std::string looked(const std::string& tenant) {
    const auto f = door_->look(tenant, urgency::essential);
    return f ? f->code() : std::string();
  }
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
  make(plain(2, 10));
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
  make(plain(1, 10));
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
  make(plain(1, 10));
  for (const char* name : {"a1", "a2", "a3"}) ask(urgency::background, "a", name);
  begun();
  end("a2");
  EXPECT_EQ(door_->queued(), 1);
  end("a1");
  EXPECT_EQ(begun(), (order{"a3"}));
}

// covers: P16, P17
TEST_F(door, the_queue_is_bounded_and_says_when_to_come_back) {
  make(plain(2, 3));
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
  make(plain(8, 100));
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
TEST_F(door, a_source_that_is_sick_for_some_tenants_holds_no_others) {
  make(plain(8, 100));
  for (const char* t : {"w0", "w1"}) ask(urgency::essential, t, t, address_name("p/crm", t));
  EXPECT_EQ(begun(), (order{"w0", "w1"}));
  for (const char* t : {"t0", "t1", "t2", "t3"}) sick_.insert(address_name("p/crm", t));
  for (int n = 0; n < 4; ++n) {
    const std::string t = "t" + std::to_string(n);
    ask(urgency::essential, t, "s" + std::to_string(n), address_name("p/crm", t));
  }
  EXPECT_EQ(begun(), (order{"s0", "s1"})) << "all of them have one share, and of those alone";
  for (int n = 0; n < 7; ++n) {
    const std::string t = "u" + std::to_string(n);
    ask(urgency::essential, t, "g" + std::to_string(n), address_name("p/crm", t));
  }
  EXPECT_EQ(begun(), (order{"g0", "g1", "g2", "g3"})) << "the same source is well for these";
}

// covers: P12, P16
TEST_F(door, tenants_whose_upstream_is_sick_have_one_share_of_the_queue) {
  admission_limits l = plain(4, 8);
  l.sick_share = 0.25;
  make(l);
  for (int n = 0; n < 4; ++n) {
    const std::string t = "t" + std::to_string(n), at = address_name("p/crm", t);
    sick_.insert(at);
    EXPECT_EQ(refused(urgency::essential, t, "s" + std::to_string(n), at), n < 3 ? "" : "SLU-6069");
  }
  EXPECT_EQ(refused(urgency::essential, "u", "g0", address_name("p/crm", "u")), "");
  EXPECT_EQ(refused(urgency::essential, "v", "g1", "p/crm2"), "");
}

// covers: P12
TEST_F(door, runs_that_a_source_leaves_stranded_lend_their_places) {
  make(plain(8, 100));
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

// covers: P11, P17
TEST_F(door, background_runs_leave_places_and_queue_to_essential_ones) {
  admission_limits l = plain(4, 4);
  l.essential_reserved = 0.25;
  make(l);
  for (int n = 0; n < 6; ++n) ask(urgency::background, "t" + std::to_string(n), "b" + std::to_string(n));
  EXPECT_EQ(begun(), (order{"b0", "b1", "b2"})) << "three of four places";
  EXPECT_EQ(refused(urgency::background, "u", "b6"), "SLU-6060") << "three of four in the queue";
  EXPECT_EQ(door_->background_room(), 0);
  ask(urgency::essential, "u", "E1");
  EXPECT_EQ(begun(), order{"E1"}) << "the fourth place was left for it";
  ask(urgency::essential, "v", "E2");
  EXPECT_EQ(refused(urgency::essential, "w", "E3"), "SLU-6060");
  end("b0");
  EXPECT_EQ(begun(), order{"E2"}) << "before the background runs that came first";
}

// covers: P11
TEST_F(door, who_is_not_waited_for_any_more_lends_its_place) {
  admission_limits l = plain(4, 100);
  l.essential_reserved = 0.25;
  make(l);
  for (int n = 0; n < 6; ++n) ask(urgency::essential, "t" + std::to_string(n), "E" + std::to_string(n));
  EXPECT_EQ(begun(), (order{"E0", "E1", "E2", "E3"}));
  for (const char* name : {"E0", "E1", "E2"}) places_[name]->essential_over();
  EXPECT_EQ(begun(), order{}) << "background work has three places";
  places_["E3"]->essential_over();
  EXPECT_EQ(begun(), order{"E4"}) << "and no more: a fourth lends its place";
  places_["E4"]->essential_over();
  EXPECT_EQ(begun(), order{"E5"});
  EXPECT_EQ(door_->active(), 6);
  places_["E5"]->essential_over();
  ask(urgency::background, "u", "b");
  for (int n = 0; n < 4; ++n) ask(urgency::essential, "v" + std::to_string(n), "F" + std::to_string(n));
  EXPECT_EQ(begun(), order{"F0"});
  places_["F3"]->essential_over();  // not under way: nothing to lend
  EXPECT_EQ(begun(), order{});
  places_["F0"]->essential_over();
  EXPECT_EQ(begun(), order{"F1"});
  places_["F1"]->essential_over();
  EXPECT_EQ(begun(), order{}) << "twice as many as there are places, and no more";
}

// covers: P12
TEST_F(door, one_tenant_has_its_share_of_places_and_queue) {
  admission_limits l = plain(4, 6);
  l.tenant_share = 0.5;
  make(l);
  for (int n = 0; n < 5; ++n) ask(urgency::essential, "whale", "w" + std::to_string(n));
  EXPECT_EQ(begun(), (order{"w0", "w1"}));
  EXPECT_EQ(refused(urgency::essential, "whale", "w5"), "SLU-6066");
  ask(urgency::essential, "a", "a1");
  ask(urgency::essential, "b", "b1");
  EXPECT_EQ(begun(), (order{"a1", "b1"})) << "at once, whatever the other has in the queue";
  end("w0");
  EXPECT_EQ(begun(), order{"w2"});
  EXPECT_EQ(refused(urgency::essential, "whale", "w6"), "");
}

// covers: P12, P16
TEST_F(door, a_sick_source_has_its_share_of_the_queue) {
  admission_limits l = plain(4, 8);
  l.sick_share = 0.25;
  make(l);
  sick_.insert("slow");
  for (int n = 0; n < 3; ++n)
    ask(urgency::essential, "t" + std::to_string(n), "s" + std::to_string(n), "slow");
  EXPECT_EQ(begun(), order{"s0"});
  EXPECT_EQ(refused(urgency::essential, "u", "s3", "slow"), "SLU-6069");
  EXPECT_EQ(refused(urgency::essential, "u", "g0"), "");
  EXPECT_EQ(begun(), order{"g0"});
  sick_.clear();
  EXPECT_EQ(refused(urgency::essential, "u", "s4", "slow"), "");
}

// covers: P17
TEST_F(door, who_would_wait_too_long_is_sent_away_and_a_small_tenant_is_not) {
  admission_limits l = plain(1, 1'000);
  l.queue_wait_us = 10'000'000;
  make(l);
  ask(urgency::essential, "a", "a0");
  for (int n = 1; n < 8; ++n) ask(urgency::essential, "a", "a" + std::to_string(n));
  clock_.advance(2'000'000);
  EXPECT_EQ(looked("a"), "") << "how long a run takes is not known yet";
  end("a0");  // 2 s
  EXPECT_EQ(door_->queued(), 6);
  EXPECT_EQ(looked("a"), "SLU-6068") << "seven of 2 s each";
  EXPECT_EQ(refused(urgency::essential, "a", "a8"), "SLU-6068");
  EXPECT_EQ(looked("b"), "") << "tenants take turns: its first run is the second from now";
  EXPECT_EQ(refused(urgency::essential, "b", "b0"), "");
  EXPECT_EQ(refused(urgency::background, "a", "a9"), "") << "nobody waits for it";
}

// covers: P17
TEST_F(door, how_fast_runs_end_says_more_than_how_long_they_take) {
  admission_limits l{8, 100};
  l.tenant_share = 1;
  make(l);
  const auto name = [](int n) { return "e" + std::to_string(n); };
  for (int n = 0; n < 34; ++n) ask(urgency::essential, name(n), name(n));
  for (int n = 0; n < 20; ++n) {
    clock_.advance(1'000'000);
    end(name(n));
  }
  for (int n = 20; n < 25; ++n) places_.at(name(n))->essential_over();
  EXPECT_EQ(door_->queued(), 6);
  EXPECT_EQ(looked("x"), "") << "one a second, though each takes eight and three places are left";
}

// covers: P10
TEST_F(door, a_run_that_is_open_here_is_never_sent_away) {
  make(plain(1, 0));
  ask(urgency::essential, "a", "a0");
  EXPECT_EQ(refused(urgency::essential, "a", "a1"), "SLU-6060");
  places_["again"] = door_->enter({"a", urgency::essential, {}, true}, [] {});
  EXPECT_EQ(door_->queued(), 1);
  end("again");
  EXPECT_EQ(door_->queued(), 0);
}

// covers: P17
TEST_F(door, a_tenant_that_begins_too_many_runs_is_told_so) {
  admission_limits l = plain(64, 100);
  l.starts = {10, 2};
  make(l);
  EXPECT_EQ(looked("a"), "");
  door_->count_start("a");
  door_->count_start("a");
  EXPECT_EQ(looked("a"), "SLU-6067");
  EXPECT_EQ(looked("b"), "");
  clock_.advance(100'000);
  EXPECT_EQ(looked("a"), "");
}

TEST_F(door, counts_who_has_begun_and_how_long_they_waited) {
  make(plain(1, 10));
  ask(urgency::essential, "a", "a0");
  ask(urgency::essential, "b", "b0");
  clock_.advance(3'000'000);
  end("a0");
  EXPECT_EQ(door_->so_far().runs, 2U);
  EXPECT_EQ(door_->so_far().waited_us, 3'000'000);
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
    source_health::request failed(&health, "p/crm");
    failed.bad();
    source_health::request cancelled(&health, "p/crm");
  }
  EXPECT_TRUE(health.sick("p/crm"));
  EXPECT_FALSE(health.sick("p/erp"));
  {
    source_health::request fine(&health, "p/crm");
    fine.good();
  }
  EXPECT_FALSE(health.sick("p/crm"));
  EXPECT_EQ(recovered, 1);
  {
    source_health::request hangs(&health, "p/crm");
    clock.advance(10'000'000);
    EXPECT_FALSE(health.sick("p/crm"));
    clock.advance(1);
    EXPECT_TRUE(health.sick("p/crm")) << "while it still hangs";
    hangs.good();
  }
  EXPECT_TRUE(health.sick("p/crm")) << "until others are answered sooner";
  for (int n = 0; n < 20; ++n) {
    source_health::request fast(&health, "p/crm");
    fast.good();
  }
  EXPECT_FALSE(health.sick("p/crm"));
}

// covers: P12, P16
TEST(health, what_depends_on_the_tenant_is_sick_for_that_tenant_alone) {
  boost::asio::io_context context;
  testing::manual_clock clock(context);
  source_health health(clock, {1, 10'000'000});
  {
    source_health::request failed(&health, address_name("p/crm", "acme"));
    failed.bad();
  }
  EXPECT_TRUE(health.sick(address_name("p/crm", "acme")));
  EXPECT_FALSE(health.sick(address_name("p/crm", "beta")));
  EXPECT_FALSE(health.sick("p/crm"));
  EXPECT_TRUE(health.any_sick("p/crm"));
  EXPECT_FALSE(health.any_sick("p/cr"));
  for (int n = 0; n < 3'000; ++n) {
    source_health::request fine(&health, address_name("p/crm", std::to_string(n)));
    fine.good();
  }
  EXPECT_LE(health.known(), 1'001U) << "those that are well are forgotten";
  EXPECT_TRUE(health.sick(address_name("p/crm", "acme")));
}

}  // namespace sluice::host
