// Who gets a source's next slot. Time stands still unless a test moves it.
#include "host/limiter.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "support/manual_clock.hpp"

namespace sluice::host {

namespace {

using boost::asio::awaitable;
using engine::urgency;
using order = std::vector<std::string>;

class limits : public ::testing::Test {
 protected:
  // A request: notes when it starts, and keeps its slot until it is told to end.
  struct request {
    std::string name;
    std::optional<limiter::slot> slot;
    bool failed = false;
  };

  // Whoever still waits must not outlive what it waits for.
  ~limits() override {
    for (const auto& r : requests_) r->slot.reset();
    stop_.stop({engine::failure_class::cancelled, "SLU-6001", "the test is over"});
    clock_.settle();
  }

  void make(request_limits l) { limiter_.emplace(context_.get_executor(), clock_, l); }
  request& ask(urgency u, const std::string& tenant, const std::string& name) {
    requests_.push_back(std::make_unique<request>(request{name, {}, false}));
    request& r = *requests_.back();
    boost::asio::co_spawn(context_, one(u, tenant, r), boost::asio::detached);
    clock_.settle();
    return r;
  }
  awaitable<void> one(urgency u, std::string tenant, request& r) {
    try {
      r.slot.emplace(co_await limiter_->acquire({u, tenant}, stop_));
      started_.push_back(r.name);
    } catch (const engine::failure&) {
      r.failed = true;
    }
  }
  void end(const std::string& name) {
    for (const auto& r : requests_) {
      if (r->name == name) r->slot.reset();
    }
    clock_.settle();
  }
  order started() { return std::exchange(started_, {}); }

  boost::asio::io_context context_;
  testing::manual_clock clock_{context_};
  engine::stop_source stop_;
  std::optional<limiter> limiter_;
  std::vector<std::unique_ptr<request>> requests_;
  order started_;
};

}  // namespace

// covers: P12
TEST_F(limits, a_tenant_that_is_alone_uses_everything) {
  make({0, 4, 0});
  for (const char* name : {"a1", "a2", "a3", "a4", "a5"}) ask(urgency::background, "a", name);
  EXPECT_EQ(started(), (order{"a1", "a2", "a3", "a4"}));
  end("a1");
  EXPECT_EQ(started(), (order{"a5"}));
}

// covers: P12
TEST_F(limits, it_leaves_room_as_soon_as_others_wait) {
  make({0, 4, 0});
  for (const char* name : {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"})
    ask(urgency::background, "a", name);
  for (const char* name : {"b1", "b2", "b3"}) ask(urgency::background, "b", name);
  ask(urgency::background, "c", "c1");
  EXPECT_EQ(started(), (order{"a1", "a2", "a3", "a4"}));
  // Whoever has the fewest under way is next, and of equals the one whose turn it is.
  for (const char* name : {"a1", "a2", "a3", "b1", "a4"}) end(name);
  EXPECT_EQ(started(), (order{"b1", "c1", "a5", "b2", "a6"}));
}

// covers: P11
TEST_F(limits, essential_requests_go_first_and_have_slots_of_their_own) {
  make({0, 4, 0.25});
  for (const char* name : {"a1", "a2", "a3", "a4"}) ask(urgency::background, "a", name);
  EXPECT_EQ(started(), (order{"a1", "a2", "a3"})) << "one slot is reserved";
  ask(urgency::background, "b", "b1");
  ask(urgency::essential, "c", "C1");
  ask(urgency::essential, "a", "A1");
  EXPECT_EQ(started(), (order{"C1"}));
  end("a1");
  EXPECT_EQ(started(), (order{"A1"})) << "before all that came earlier";
  end("a2");
  end("C1");
  EXPECT_EQ(started(), (order{"b1"})) << "b has nothing under way, a has";
}

TEST_F(limits, the_rate_spaces_starts_and_lets_essential_requests_jump_the_queue) {
  make({10, 16, 0});
  for (const char* name : {"a1", "a2", "a3"}) ask(urgency::background, "a", name);
  EXPECT_EQ(started(), (order{"a1"}));
  EXPECT_EQ(limiter_->active(), 1) << "who waits for the rate holds no slot";
  ask(urgency::background, "b", "b1");
  ask(urgency::essential, "c", "C1");
  clock_.advance(99'999);
  EXPECT_EQ(started(), order{});
  clock_.advance(1);
  EXPECT_EQ(started(), (order{"C1"}));
  clock_.advance(100'000);
  EXPECT_EQ(started(), (order{"b1"}));
  clock_.advance(200'000);
  EXPECT_EQ(started(), (order{"a2", "a3"}));
  clock_.advance(1'000'000);
  ask(urgency::background, "a", "a4");
  ask(urgency::background, "a", "a5");
  EXPECT_EQ(started(), (order{"a4"})) << "what was not used is not saved up";
}

TEST_F(limits, who_stops_waiting_leaves_the_queue) {
  make({0, 1, 0});
  ask(urgency::background, "a", "a1");
  request& waits = ask(urgency::essential, "b", "b1");
  EXPECT_EQ(limiter_->waiting(), 1U);
  stop_.stop({engine::failure_class::cancelled, "SLU-6001", "cancelled"});
  clock_.settle();
  EXPECT_TRUE(waits.failed);
  EXPECT_EQ(limiter_->waiting(), 0U);
  EXPECT_EQ(limiter_->active(), 1);
  end("a1");
  EXPECT_EQ(limiter_->active(), 0);
}

TEST_F(limits, who_stops_while_its_slot_comes_gives_it_back) {
  make({0, 1, 0});
  ask(urgency::background, "a", "a1");
  request& waits = ask(urgency::background, "b", "b1");
  requests_.front()->slot.reset();  // granted, and before it wakes:
  stop_.stop({engine::failure_class::cancelled, "SLU-6001", "cancelled"});
  clock_.settle();
  EXPECT_TRUE(waits.failed);
  EXPECT_EQ(limiter_->active(), 0);
}

TEST_F(limits, a_run_that_is_alone_never_waits) {
  make({0, 16, 0.25});
  for (int n = 0; n < 100; ++n) {
    ask(urgency::background, "alone", "page");
    requests_.clear();
  }
  EXPECT_EQ(limiter_->had_to_wait(), 0U);
}

// covers: P12
TEST_F(limits, tenants_whose_requests_hang_leave_room_for_others) {
  make({0, 8, 0.25});
  for (int n = 0; n < 20; ++n) {
    ask(urgency::essential, "usual", "usual");
    clock_.advance(50'000);
    end("usual");
  }
  for (const char* s : {"s0", "s1", "s2", "s3"}) ask(urgency::essential, s, s);
  clock_.advance(2'000'001);
  static_cast<void>(started());
  for (const char* s : {"s0'", "s1'"}) ask(urgency::essential, std::string(s, 2), s);
  EXPECT_EQ(started(), order()) << "four hang, and two is the share of those that do";
  for (const char* s : {"a", "b", "c", "d", "e"}) ask(urgency::essential, s, s);
  EXPECT_EQ(started(), (order{"a", "b", "c", "d"}));
  end("a");
  EXPECT_EQ(started(), order{"e"}) << "those who wait longer still hang";
  ask(urgency::background, "f", "f");
  for (const char* s : {"s2", "s3", "b"}) end(s);
  EXPECT_EQ(started(), order{"f"}) << "nor do they keep a background request waiting";
  end("s1");
  EXPECT_EQ(started(), order{"s1'"});
}

// covers: P12
TEST_F(limits, a_tenant_that_is_answered_in_time_again_has_what_others_have) {
  make({0, 4, 0});
  ask(urgency::essential, "usual", "usual");
  clock_.advance(50'000);
  end("usual");
  for (const char* s : {"1", "2"}) ask(urgency::essential, "s", s);
  clock_.advance(2'000'001);
  ask(urgency::essential, "s", "3");
  EXPECT_EQ(started(), (order{"usual", "1", "2"}));
  for (const char* s : {"1", "2"}) end(s);
  EXPECT_EQ(started(), order{"3"});
  clock_.advance(50'000);
  ask(urgency::essential, "s", "4");
  end("3");
  for (const char* s : {"5", "6"}) ask(urgency::essential, "s", s);
  EXPECT_EQ(started(), (order{"4", "5", "6"}));
}

// covers: P12
TEST_F(limits, where_much_hangs_a_tenants_first_request_must_be_answered_before_it_has_more) {
  make({0, 8, 0.25});
  ask(urgency::essential, "usual", "usual");
  clock_.advance(50'000);
  end("usual");
  for (const char* s : {"s0", "s1"}) ask(urgency::essential, s, s);
  for (const char* s : {"1", "2"}) ask(urgency::essential, "before", s);
  for (const char* s : {"1", "2"}) end(s);
  EXPECT_EQ(started(), (order{"usual", "s0", "s1", "1", "2"}));
  clock_.advance(2'000'001);
  for (const char* s : {"a", "b", "c"}) ask(urgency::essential, "t", s);
  EXPECT_EQ(started(), order{"a"});
  clock_.advance(1'000'000);
  end("a");
  EXPECT_EQ(started(), (order{"b", "c"})) << "it is answered, though not at once";
  for (const char* s : {"b", "c"}) end(s);
  for (const char* s : {"d", "e"}) ask(urgency::essential, "t", s);
  EXPECT_EQ(started(), (order{"d", "e"})) << "and was of late";
  ask(urgency::essential, "u", "f");
  ask(urgency::essential, "u", "g");
  EXPECT_EQ(started(), order{"f"});
  end("s0");
  EXPECT_EQ(started(), order{"g"});
}

}  // namespace sluice::host
