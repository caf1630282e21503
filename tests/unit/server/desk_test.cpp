// The desk: the same question is put once for all who wait for it, and what waits is bounded.
#include "server/desk.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/failure.hpp"

namespace sluice::server {

namespace {

// Goes on when a question says that it has taken so long.
class said_clock final : public engine::clock_port {
 public:
  [[nodiscard]] std::int64_t now_us() const override { return now_; }
  [[nodiscard]] std::int64_t steady_us() const override { return now_; }
  boost::asio::awaitable<void> sleep(std::int64_t, engine::stop_source&) override { co_return; }
  void take(std::int64_t us) { now_ += us; }

 private:
  std::atomic<std::int64_t> now_ = 0;
};

// One that is at work until it is told to end, or this is gone.
struct held_question {
  desk::question question() {
    return [begun = begun, told = go.get_future().share()]() -> nlohmann::json {
      begun->set_value();
      told.wait();
      return 0;
    };
  }
  std::shared_ptr<std::promise<void>> begun = std::make_shared<std::promise<void>>();
  std::promise<void> go;
};

class at_desk : public ::testing::Test {
 protected:
  void ask(desk& d, const std::string& same_as, desk::question what, const std::string& tenant = {},
           desk::errand why = desk::errand::look) {
    boost::asio::co_spawn(
        context_,
        [this, &d, same_as, what, tenant, why]() -> boost::asio::awaitable<void> {
          desk::question mine = what;
          const desk::reply got =
              co_await d.ask({engine::urgency::essential, tenant}, same_as, std::move(mine), why);
          answers_.push_back(got->get<int>());
        },
        [this](std::exception_ptr failed) {
          if (failed) ++failures_;
        });
  }

  void run_until(const std::function<bool()>& done) {
    while (!done()) context_.run_one();
  }
  // One question has taken so long, and one is at work.
  void occupy(desk& d, std::int64_t us, held_question& held) {
    ask(d, "", [this, us]() -> nlohmann::json {
      clock_.take(us);
      return 0;
    });
    run_until([&] { return ended() == 1; });
    ask(d, "", held.question());
    context_.poll();
    held.begun->get_future().wait();
  }
  std::size_t ended() const { return answers_.size() + static_cast<std::size_t>(failures_); }

  boost::asio::io_context context_{1};
  // A question at the desk is none of the context's work.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(context_);
  said_clock clock_;
  std::vector<int> answers_;
  int failures_ = 0;
};

}  // namespace

// covers: P10
TEST_F(at_desk, the_same_is_asked_once_for_all_who_came_before_it_began) {
  desk d(2, 100, clock_);
  std::promise<void> begun, go;
  std::atomic<int> asked = 0;
  const auto held = go.get_future().share();
  ask(d, "a", [&]() -> nlohmann::json {
    begun.set_value();
    held.wait();
    return ++asked;
  });
  context_.poll();
  begun.get_future().wait();
  // Who comes after it has begun can't be answered by it.
  for (int n = 0; n < 500; ++n) ask(d, "a", [&]() -> nlohmann::json { return ++asked; });
  context_.poll();
  go.set_value();
  run_until([&] { return ended() == 501; });
  EXPECT_EQ(asked, 2);
  ASSERT_EQ(answers_.size(), 501U);
  EXPECT_EQ(std::count(answers_.begin(), answers_.end(), 1), 1);
  EXPECT_EQ(std::count(answers_.begin(), answers_.end(), 2), 500);
  d.join();
}

TEST_F(at_desk, what_fails_fails_for_all_and_leaves_nothing_behind) {
  desk d(1, 100, clock_);
  for (int n = 0; n < 3; ++n) {
    ask(d, "a", []() -> nlohmann::json {
      throw engine::failure(engine::failure_class::transient, "SLU-5012", "away");
    });
  }
  run_until([&] { return ended() == 3; });
  EXPECT_EQ(failures_, 3);
  ask(d, "a", []() -> nlohmann::json { return 7; });
  run_until([&] { return ended() == 4; });
  EXPECT_EQ(answers_, std::vector<int>{7});
  d.join();
}

// covers: P16, P17
TEST_F(at_desk, more_than_fits_is_sent_away) {
  desk d(1, 3, clock_);
  held_question held;
  ask(d, "", held.question());
  context_.poll();
  held.begun->get_future().wait();
  for (int n = 1; n <= 5; ++n) ask(d, "", [n]() -> nlohmann::json { return n; });
  context_.poll();
  EXPECT_EQ(failures_, 2);
  EXPECT_TRUE(answers_.empty());
  held.go.set_value();
  run_until([&] { return ended() == 6; });
  EXPECT_EQ(failures_, 2);
  EXPECT_EQ(answers_.size(), 4U);
  d.join();
}

// covers: P17
TEST_F(at_desk, who_would_wait_too_long_is_told_before_anything_is_asked) {
  desk d(1, 100, clock_);
  d.refuse_beyond(1, "new");  // nobody is there
  held_question held;
  occupy(d, 2'000'000, held);
  for (int n = 0; n < 4; ++n)
    ask(
        d, "", []() -> nlohmann::json { return 0; }, "t" + std::to_string(n));
  context_.poll();
  EXPECT_EQ(d.wait_us("new"), 8'000'000);
  d.refuse_beyond(8'000'000, "new");
  std::set<std::int64_t> when;
  for (int n = 0; n < 10; ++n) {
    try {
      d.refuse_beyond(5'000'000, "new");
      FAIL() << "it would wait for eight seconds";
    } catch (const engine::failure& f) {
      EXPECT_EQ(f.code(), "SLU-7105");
      EXPECT_GE(f.retry_after_us(), 6'400'000);
      EXPECT_LE(f.retry_after_us(), 9'601'000);
      when.insert(f.retry_after_us());
    }
  }
  EXPECT_GT(when.size(), 5U);
  // A thread that does not come back says more than those that did.
  clock_.take(60'000'000);
  EXPECT_EQ(d.wait_us("new"), 240'000'000);
  held.go.set_value();
  run_until([&] { return ended() == 6; });
  EXPECT_EQ(d.wait_us("new"), 0);
  d.refuse_beyond(1, "new");
  d.join();
}

// covers: P12
TEST_F(at_desk, who_has_asked_for_much_waits_and_others_do_not) {
  desk d(1, 100, clock_);
  held_question held;
  occupy(d, 1'000'000, held);
  for (int n = 0; n < 20; ++n)
    ask(
        d, "", []() -> nlohmann::json { return 0; }, "much");
  context_.poll();
  EXPECT_EQ(d.wait_us("much"), 20'000'000);
  EXPECT_EQ(d.wait_us("other"), 1'000'000);
  d.refuse_beyond(2'000'000, "other");
  EXPECT_THROW(d.refuse_beyond(2'000'000, "much"), engine::failure);
  held.go.set_value();
  run_until([&] { return ended() == 22; });
  d.join();
}

// A page that is looked at takes nobody's place among the runs.
// covers: P17
TEST_F(at_desk, who_only_looks_is_not_taken_for_one_who_begins_a_run) {
  desk d(1, 100, clock_);
  held_question held;
  const auto nothing = []() -> nlohmann::json { return 0; };
  ask(d, "", held.question(), "a", desk::errand::begin);
  context_.poll();
  held.begun->get_future().wait();
  EXPECT_EQ(d.coming(), 0U) << "it asks for its place by itself now";
  for (int n = 0; n < 5; ++n) ask(d, "", nothing);
  for (int n = 0; n < 2; ++n) ask(d, "", nothing, "a", desk::errand::begin);
  for (int n = 0; n < 3; ++n) ask(d, "same", nothing, "a", desk::errand::begin);
  context_.poll();
  EXPECT_EQ(d.coming(), 3U);
  held.go.set_value();
  run_until([&] { return ended() == 11; });
  EXPECT_EQ(d.coming(), 0U);
  d.join();
}

}  // namespace sluice::server
