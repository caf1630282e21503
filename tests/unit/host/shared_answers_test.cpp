// Reads that ask for the same ask once. Time stands still unless a test moves it.
#include "host/shared_answers.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/failure.hpp"
#include "support/manual_clock.hpp"

namespace sluice::host {
namespace {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

class answers : public ::testing::Test {
 protected:
  struct reader {
    std::optional<std::int64_t> got;  // the number of the request whose answer it has
    std::string failed;
  };

  ~answers() override {
    stop_.stop({failure_class::cancelled, "SLU-6001", "the test is over"});
    come_.notify();
    clock_.settle();
  }

  // Asks in the name of this stage; two stages may ask, and some more where a test says so.
  std::shared_ptr<reader> ask(const std::string& who, std::size_t who_ask = 2,
                              const std::string& key = "users") {
    auto r = std::make_shared<reader>();
    boost::asio::co_spawn(context_, one({key, who, who_ask}, r), boost::asio::detached);
    clock_.settle();
    return r;
  }
  awaitable<void> one(question q, std::shared_ptr<reader> r) {
    try {
      const std::function<awaitable<answer>()> send = [this] { return request(); };
      r->got = (co_await shared_.get(std::move(q), stop_, send)).sent_at_us;
    } catch (const failure& f) {
      r->failed = f.code();
    }
  }
  // Comes when it is told to; its number stands where the time it was sent at does.
  awaitable<answer> request() {
    const int number = ++requests_;
    while (came_ < number && !stop_.stopped()) co_await come_.wait();
    if (fails_ == number) throw failure(failure_class::transient, "SLU-3101", "no");
    co_return answer{nullptr, number, bytes_};
  }
  void all_come() {
    came_ = requests_;
    come_.notify();
    clock_.settle();
  }

  boost::asio::io_context context_;
  testing::manual_clock clock_{context_};
  engine::stop_source stop_;
  engine::event come_{context_.get_executor()};
  shared_answers shared_{context_.get_executor(), clock_};
  int requests_ = 0, came_ = 0, fails_ = 0;
  std::size_t bytes_ = 100;
};

TEST_F(answers, one_request_serves_whoever_asks_meanwhile_and_whoever_comes_later) {
  const auto a = ask("entities.users", 3), b = ask("credits.of_users", 3);
  all_come();
  EXPECT_EQ(a->got, 1);
  EXPECT_EQ(b->got, 1);
  EXPECT_EQ(shared_.kept_bytes(), 100U) << "for the third";
  EXPECT_EQ(ask("roles.of_users", 3)->got, 1);
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(shared_.kept_bytes(), 0U);
}

TEST_F(answers, other_questions_are_asked_by_themselves) {
  const auto a = ask("a"), b = ask("b", 2, "groups");
  all_come();
  EXPECT_EQ(a->got, 1);
  EXPECT_EQ(b->got, 2);
}

TEST_F(answers, who_asks_again_gets_a_new_one_and_so_does_who_has_not_come_yet) {
  const auto a = ask("a");
  all_come();
  const auto again = ask("a");
  all_come();
  EXPECT_EQ(again->got, 2);
  EXPECT_EQ(ask("b")->got, 2);
  EXPECT_EQ(shared_.kept_bytes(), 0U);
}

TEST_F(answers, who_waits_for_a_request_that_fails_asks_for_itself) {
  fails_ = 1;
  const auto a = ask("a", 3), b = ask("b", 3), c = ask("c", 3);
  all_come();
  EXPECT_EQ(a->failed, "SLU-3101");
  EXPECT_FALSE(b->got || c->got);
  all_come();
  EXPECT_EQ(b->got, 2);
  EXPECT_EQ(c->got, 2);
  EXPECT_EQ(requests_, 2);
}

TEST_F(answers, of_long_ago_are_not_given_out) {
  const auto a = ask("a");
  all_come();
  clock_.advance(shared_answers::longest_us);
  const auto b = ask("b");
  all_come();
  EXPECT_EQ(b->got, 2);
}

TEST_F(answers, take_no_more_room_than_they_may_and_the_oldest_stay) {
  bytes_ = shared_answers::most_bytes / 2;
  for (const char* key : {"1", "2", "3"}) ask("a", 2, key);
  all_come();
  EXPECT_EQ(shared_.kept_bytes(), 2 * bytes_);
  EXPECT_EQ(ask("b", 2, "1")->got, 1);
  const auto third = ask("b", 2, "3");
  all_come();
  EXPECT_EQ(third->got, 4);
  EXPECT_LE(shared_.kept_bytes(), shared_answers::most_bytes);
}

TEST_F(answers, whoever_waits_for_one_can_be_stopped) {
  ask("a");
  const auto b = ask("b");
  stop_.stop({failure_class::cancelled, "SLU-6001", "over"});
  clock_.settle();
  EXPECT_EQ(b->failed, "SLU-6001");
}

}  // namespace
}  // namespace sluice::host
