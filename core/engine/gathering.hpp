// Calls that several coroutines of one executor want at about the same time, made together: those who ask while one
// call is under way go with the next, and share its answer or its failure.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/event.hpp"
#include "engine/failure.hpp"

namespace sluice::engine {

// It must outlive everyone who waits for an answer.
template <class Question, class Answer>
class gathering {
 public:
  // As many answers as questions, in their order.
  using call_fn = std::function<boost::asio::awaitable<std::vector<Answer>>(std::vector<Question>)>;

  gathering(boost::asio::any_io_executor on, call_fn call)
      : executor_(std::move(on)), call_(std::move(call)), changed_(executor_) {}

  boost::asio::awaitable<std::vector<Answer>> ask(std::vector<Question> questions) {
    const auto mine = std::make_shared<entry>();
    mine->questions = std::move(questions);
    waiting_.push_back(mine);
    // What was spawned beside us has its turn first, so that it can come along.
    co_await boost::asio::post(executor_, boost::asio::use_awaitable);
    while (!mine->over && under_way_) co_await changed_.wait();
    if (!mine->over) co_await go();
    if (mine->failed) throw failure(*mine->failed);
    co_return std::move(mine->answers);
  }

 private:
  struct entry {
    std::vector<Question> questions;
    std::vector<Answer> answers;
    std::optional<failure> failed;
    bool over = false;
  };

  boost::asio::awaitable<void> go() {
    const auto all = std::exchange(waiting_, {});
    std::vector<Question> questions;
    std::vector<std::size_t> counts;
    for (const auto& e : all) {
      counts.push_back(e->questions.size());
      std::move(e->questions.begin(), e->questions.end(), std::back_inserter(questions));
    }
    under_way_ = true;
    std::optional<failure> failed;
    try {
      std::vector<Answer> answers = co_await call_(std::move(questions));
      auto at = std::make_move_iterator(answers.begin());
      for (std::size_t i = 0; i < all.size(); at += static_cast<std::ptrdiff_t>(counts[i++]))
        all[i]->answers.assign(at, at + static_cast<std::ptrdiff_t>(counts[i]));
    } catch (...) {
      failed = current_failure();
    }
    for (const auto& e : all) {
      e->failed = failed;
      e->over = true;
    }
    under_way_ = false;
    changed_.notify();
  }

  boost::asio::any_io_executor executor_;
  call_fn call_;
  event changed_;
  std::vector<std::shared_ptr<entry>> waiting_;
  bool under_way_ = false;
};

}  // namespace sluice::engine
