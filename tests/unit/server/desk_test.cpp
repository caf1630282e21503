// The desk: the same question is put once for all who wait for it, and what waits is bounded.
#include "server/desk.hpp"

#include <algorithm>
#include <atomic>
#include <future>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/failure.hpp"

namespace sluice::server {

namespace {

class at_desk : public ::testing::Test {
 protected:
  void ask(desk& d, const std::string& same_as, desk::question what) {
    boost::asio::co_spawn(
        context_,
        [this, &d, same_as, what]() -> boost::asio::awaitable<void> {
          desk::question mine = what;
          const desk::reply got = co_await d.ask(engine::urgency::essential, same_as, std::move(mine));
          answers_.push_back(got->get<int>());
        },
        [this](std::exception_ptr failed) {
          if (failed) ++failures_;
        });
  }

  void run_until(const std::function<bool()>& done) {
    while (!done()) context_.run_one();
  }
  std::size_t ended() const { return answers_.size() + static_cast<std::size_t>(failures_); }

  boost::asio::io_context context_{1};
  // A question at the desk is none of the context's work.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(context_);
  std::vector<int> answers_;
  int failures_ = 0;
};

}  // namespace

// covers: P10
TEST_F(at_desk, the_same_is_asked_once_for_all_who_came_before_it_began) {
  desk d(2, 100);
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
  desk d(1, 100);
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
  desk d(1, 3);
  std::promise<void> begun, go;
  ask(d, "", [&]() -> nlohmann::json {
    begun.set_value();
    go.get_future().wait();
    return 0;
  });
  context_.poll();
  begun.get_future().wait();
  for (int n = 1; n <= 5; ++n) ask(d, "", [n]() -> nlohmann::json { return n; });
  run_until([&] { return failures_ == 2; });
  EXPECT_TRUE(answers_.empty());
  go.set_value();
  run_until([&] { return ended() == 6; });
  EXPECT_EQ(failures_, 2);
  EXPECT_EQ(answers_.size(), 4U);
  d.join();
}

}  // namespace sluice::server
