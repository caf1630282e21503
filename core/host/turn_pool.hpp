// The threads on which pages are decoded: essential pages first, tenants in turns, a page each. One plugin never has
// all of them, so that one that hangs keeps nobody else from their turn. What waits is bounded by the requests that
// the sources may have under way.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/turn_queue.hpp"
#include "host/ports.hpp"

namespace sluice::host {

class turn_pool {
 public:
  explicit turn_pool(unsigned threads) : of_one_(std::max(1U, threads - 1)), pool_(threads) {}
  ~turn_pool() { pool_.join(); }

  // Any thread. `by`: the plugin whose code that runs; empty: none.
  void post(engine::turn of, std::function<void()> work, std::string by = {}) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push(of, {std::move(work), std::move(by)});
    }
    // As many calls as pieces of work; which one a call does is decided when a thread is free.
    boost::asio::post(pool_, [this] { next(); });
  }
  // Waits until all of it is done; nothing may be posted afterwards.
  void join() { pool_.join(); }

 private:
  struct piece {
    std::function<void()> work;
    std::string by;
  };

  void next() {
    const std::optional<piece> now = take();
    if (!now) return;
    now->work();
    if (now->by.empty()) return;
    // A call that found nothing but this plugin's work has gone: this one stands in for it.
    const std::lock_guard lock(mutex_);
    if (--at_work_[now->by] == 0) at_work_.erase(now->by);
    if (!queue_.empty()) boost::asio::post(pool_, [this] { next(); });
  }

  std::optional<piece> take() {
    const std::lock_guard lock(mutex_);
    auto out = queue_.take([&](engine::urgency, std::string_view, const piece& p) {
      const auto at = at_work_.find(p.by);
      return p.by.empty() || at == at_work_.end() || at->second < of_one_;
    });
    if (out && !out->by.empty()) ++at_work_[out->by];
    return out;
  }

  unsigned of_one_;
  std::mutex mutex_;
  std::map<std::string, unsigned> at_work_;  // threads, by plugin
  engine::turn_queue<piece> queue_;
  boost::asio::thread_pool pool_;  // last: its threads use the rest
};

// One more than there are processors: that many a single plugin can have.
[[nodiscard]] inline unsigned decoding_threads() {
  return std::max(2U, std::thread::hardware_concurrency()) + 1;
}

// Runs `work` when it is its turn and gives its value, or what it throws, back on `on`.
template <class F>
boost::asio::awaitable<std::invoke_result_t<F&>> on_pool(turn_pool& pool, engine::turn of,
                                                         boost::asio::any_io_executor on,
                                                         const std::string& by, F work) {
  using result = std::invoke_result_t<F&>;
  using outcome = std::variant<std::exception_ptr, std::shared_ptr<result>>;
  auto got = co_await await_callback<outcome>(on, [&](std::function<void(outcome)> done) {
    auto todo = [&work, done] {
      try {
        done(std::make_shared<result>(work()));
      } catch (...) {
        done(std::current_exception());
      }
    };
    pool.post(of, std::move(todo), by);
  });
  if (auto* failed = std::get_if<std::exception_ptr>(&got)) std::rethrow_exception(*failed);
  co_return std::move(*std::get<std::shared_ptr<result>>(got));
}

}  // namespace sluice::host
