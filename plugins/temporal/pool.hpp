// A few threads for calls that block: as many as were needed at once, up to a limit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice::durable {

class pool {
 public:
  explicit pool(std::size_t most) : most_(most) {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() { close(); }

  // After close(): not done. What is posted must not throw.
  void post(std::function<void()> f) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      ++under_way_;
      waiting_.push_back(std::move(f));
      if (waiting_.size() > idle_ && threads_.size() < most_) threads_.emplace_back([this] { work(); });
    }
    changed_.notify_one();
  }

  // Until less is under way than can be at once.
  void wait_for_room() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return under_way_ < most_; });
  }

  // Does what has been posted, then ends.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    for (std::thread& t : threads_) {
      if (t.joinable()) t.join();
    }
  }

 private:
  void work() {
    for (;;) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        ++idle_;
        changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
        --idle_;
        if (waiting_.empty()) return;
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      next();
      {
        const std::lock_guard lock(mutex_);
        --under_way_;
      }
      room_.notify_one();
    }
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_, room_;
  std::deque<std::function<void()>> waiting_;
  std::size_t idle_ = 0, under_way_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::durable
