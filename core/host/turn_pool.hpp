// The threads on which pages are decoded: essential pages first, tenants in turns, a page each. What waits is
// bounded by the requests that the sources may have under way.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/turn_queue.hpp"
#include "host/ports.hpp"

namespace sluice::host {

class turn_pool {
 public:
  explicit turn_pool(unsigned threads) : pool_(threads) {}
  ~turn_pool() { pool_.join(); }

  // Any thread.
  void post(engine::turn of, std::function<void()> work) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push(of, std::move(work));
    }
    // As many calls as pieces of work; which one a call does is decided when a thread is free.
    boost::asio::post(pool_, [this] { next(); });
  }
  // Waits until all of it is done; nothing may be posted afterwards.
  void join() { pool_.join(); }

 private:
  void next() {
    std::optional<std::function<void()>> work;
    {
      const std::lock_guard lock(mutex_);
      work = queue_.pop();
    }
    if (work) (*work)();
  }

  std::mutex mutex_;
  engine::turn_queue<std::function<void()>> queue_;
  boost::asio::thread_pool pool_;  // last: its threads use the rest
};

[[nodiscard]] inline unsigned decoding_threads() { return std::max(2U, std::thread::hardware_concurrency()); }

// Runs `work` when it is its turn and gives its value, or what it throws, back on `on`.
template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> on_pool(turn_pool& pool, engine::turn of,
                                                         boost::asio::any_io_executor on, F work) {
  using result = std::invoke_result_t<F&>;
  using outcome = std::variant<std::exception_ptr, std::shared_ptr<result>>;
  auto got = co_await await_callback<outcome>(on, [&](std::function<void(outcome)> done) {
    pool.post(of, [&work, done] {
      try {
        done(std::make_shared<result>(work()));
      } catch (...) {
        done(std::current_exception());
      }
    });
  });
  if (auto* failed = std::get_if<std::exception_ptr>(&got)) std::rethrow_exception(*failed);
  co_return std::move(*std::get<std::shared_ptr<result>>(got));
}

}  // namespace sluice::host
