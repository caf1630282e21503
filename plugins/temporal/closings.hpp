// Workflows that have one answer left to get. A process that does one run and leaves gives it first: else the workflow
// would stay open until another process comes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace sluice::durable {

class closings {
 public:
  void expect(const std::string& run_id) {
    const std::lock_guard lock(mutex_);
    open_.insert(run_id);
  }
  void closed(const std::string& run_id) {
    const std::lock_guard lock(mutex_);
    open_.erase(run_id);
    changed_.notify_all();
  }
  // A cluster that is away is not waited for.
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return open_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> open_;
};

}  // namespace sluice::durable
