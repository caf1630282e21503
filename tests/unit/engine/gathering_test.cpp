// Calls that are made together: who comes while one is under way goes with the next.
#include "engine/gathering.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace sluice::engine {

namespace {

namespace asio = boost::asio;

class gathered : public ::testing::Test {
 protected:
  void spawn(std::vector<int> questions) {
    asio::co_spawn(
        context_,
        [this, questions]() -> asio::awaitable<void> {
          try {
            for (const std::string& a : co_await gather_.ask(questions)) answers_.push_back(a);
          } catch (const failure& f) {
            answers_.push_back(f.code());
          }
        },
        asio::detached);
  }
  asio::awaitable<std::vector<std::string>> call(std::vector<int> all) {
    calls_.push_back(all);
    if (in_call_) std::exchange(in_call_, {})();
    for (int i = 0; i < 3; ++i) co_await asio::post(context_, asio::use_awaitable);
    if (fails_) throw failure(failure_class::transient, "SLU-5001", "the store is away");
    std::vector<std::string> out;
    for (const int n : all) out.push_back(std::to_string(n));
    co_return out;
  }

  asio::io_context context_;
  std::vector<std::vector<int>> calls_;
  std::vector<std::string> answers_;
  std::function<void()> in_call_;
  bool fails_ = false;
  gathering<int, std::string> gather_{context_.get_executor(),
                                      [this](std::vector<int> q) { return call(std::move(q)); }};
};

using lists = std::vector<std::vector<int>>;
using texts = std::vector<std::string>;

}  // namespace

TEST_F(gathered, who_asks_in_the_same_turn_shares_a_call) {
  spawn({1, 2});
  spawn({3});
  context_.run();
  EXPECT_EQ(calls_, (lists{{1, 2, 3}}));
  EXPECT_EQ(answers_, (texts{"1", "2", "3"}));
}

TEST_F(gathered, who_comes_while_one_is_under_way_goes_with_the_next) {
  in_call_ = [this] { spawn({2}), spawn({3}); };
  spawn({1});
  context_.run();
  EXPECT_EQ(calls_, (lists{{1}, {2, 3}}));
  EXPECT_EQ(answers_, (texts{"1", "2", "3"}));
}

TEST_F(gathered, a_failure_is_everybodys_and_the_next_may_work) {
  fails_ = true;
  spawn({1});
  spawn({2});
  context_.run();
  EXPECT_EQ(answers_, (texts{"SLU-5001", "SLU-5001"}));
  fails_ = false;
  context_.restart();
  spawn({3});
  context_.run();
  EXPECT_EQ(answers_.back(), "3");
}

}  // namespace sluice::engine
