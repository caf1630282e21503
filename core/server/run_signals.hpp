// Wakes requests that wait for a run. What happens to a run here is told; of runs elsewhere nobody tells, so they are
// looked at again after a while.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sluice::server {

class run_signals {
 public:
  using clock = std::chrono::steady_clock;

  // All requests are served on the one thread of this context.
  explicit run_signals(boost::asio::io_context& on) : context_(on) {}

  // Any thread. Something about this run is over.
  void changed(const std::string& run_id) {
    boost::asio::post(context_, [this, run_id] { wake(run_id); });
  }
  // Nobody waits for anything any more. On the context's thread.
  void leave();
  [[nodiscard]] bool left() const { return left_; }

  // Takes note of what happens to these runs from now on.
  class listener {
   public:
    listener(run_signals& at, std::vector<std::string> run_ids);
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener();

    // Until something has happened since the last call, or that time, or everybody leaves.
    boost::asio::awaitable<void> next(clock::time_point until);

   private:
    friend class run_signals;
    void wake();

    run_signals& at_;
    std::vector<std::string> run_ids_;
    boost::asio::steady_timer timer_;
    bool woken_ = false;
  };

 private:
  void wake(const std::string& run_id);

  boost::asio::io_context& context_;
  std::multimap<std::string, listener*> listeners_;
  bool left_ = false;
};

// Runs tell of themselves before there is a server, and after it is gone.
class change_relay {
 public:
  void operator()(const std::string& run_id) {
    const std::lock_guard lock(mutex_);
    if (to_ != nullptr) to_->changed(run_id);
  }
  void connect(run_signals* to) {
    const std::lock_guard lock(mutex_);
    to_ = to;
  }

 private:
  std::mutex mutex_;
  run_signals* to_ = nullptr;
};

}  // namespace sluice::server
