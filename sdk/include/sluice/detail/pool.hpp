// A small pool of threads for blocking sources. Threads start when there is work and none is idle, up
// to a limit. A job that is cancelled while it waits in the queue does not wait for a free thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/call.hpp>

namespace sluice::detail {

class pool_job {
 public:
  virtual ~pool_job() = default;
  // abandoned: the call was cancelled before a thread was free, or the pool is being destroyed.
  virtual void run(bool abandoned) noexcept = 0;
};

class blocking_pool {
 public:
  explicit blocking_pool(unsigned max_threads) : max_threads_(max_threads == 0 ? 1 : max_threads) {}
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  // Waits for the jobs that run; those that wait run as abandoned.
  ~blocking_pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

  // Runs the job exactly once on a thread of the pool. When this throws, `j` has not been taken. The
  // call lives until the job has run.
  void post(const call& c, std::unique_ptr<pool_job>& j) {
    auto e = std::make_unique<entry>(entry{*this, nullptr, nullptr, false});
    // The hook may fire at once: the entry is ready for it, and queued after it.
    e->hook = std::make_unique<cancel_hook>(c, [raw = e.get()] { raw->pool.expedite(*raw); });
    const std::lock_guard lock(mutex_);
    if (idle_ <= queue_.size() && threads_.size() < max_threads_) start_thread();
    queue_.push_back(nullptr);
    e->job = std::move(j);
    queue_.back() = std::move(e);
    if (queue_.back()->cancelled) std::rotate(queue_.begin(), queue_.end() - 1, queue_.end());
    wake_.notify_all();
  }

 private:
  struct entry {
    blocking_pool& pool;
    std::unique_ptr<pool_job> job;
    std::unique_ptr<cancel_hook> hook;
    bool cancelled = false;
  };

  // Moves a cancelled job to the front, and gives it a thread of its own when all are busy.
  void expedite(entry& e) noexcept {
    const std::lock_guard lock(mutex_);
    e.cancelled = true;
    const auto at = std::find_if(queue_.begin(), queue_.end(), [&](const auto& q) { return q.get() == &e; });
    if (at == queue_.end()) return;
    std::rotate(queue_.begin(), at, at + 1);
    if (idle_ == 0 && !spare_started_) {
      try {
        threads_.emplace_back([this] { serve(true); });
        spare_started_ = true;
      } catch (const std::exception&) {  // no thread to be had: the next one that is free takes it
      }
    }
    wake_.notify_all();
  }

  void start_thread() {
    try {
      threads_.emplace_back([this] { serve(false); });
    } catch (const std::system_error&) {
      if (threads_.empty()) {
        throw failure(status::transient, codes::out_of_memory,
                      "no thread can be started; raise the limit of threads");
      }
    }
  }

  // The spare thread serves cancelled jobs only, so that blocking work never occupies it.
  [[nodiscard]] bool has_work(bool spare) const noexcept {
    return !queue_.empty() && (!spare || queue_.front()->cancelled || stopping_);
  }

  void serve(bool spare) {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (!spare) ++idle_;
      wake_.wait(lock, [&] { return stopping_ || has_work(spare); });
      if (!spare) --idle_;
      if (!has_work(spare)) return;
      const std::unique_ptr<entry> e = std::move(queue_.front());
      queue_.pop_front();
      const bool abandoned = e->cancelled || stopping_;
      lock.unlock();
      e->hook.reset();  // waits for a hook that is running: the job may end the call
      e->job->run(abandoned);
      e->job.reset();
      lock.lock();
    }
  }

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<entry>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false, spare_started_ = false;
};

}  // namespace sluice::detail
