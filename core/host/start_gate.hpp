// Between the moment at which a run is in the store and the one at which this host has a place for it.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace sluice::host {

// What passes is called once, by open() or at once when it is open; never after close(). Any thread.
class start_gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    call();
  }
  void pass(std::function<void()> f) {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(f);
    call();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_ = nullptr;
  }
  // True: nothing has been called, and nothing will be.
  bool close_if_shut() {
    const std::lock_guard lock(mutex_);
    if (open_ || closed_) return false;
    closed_ = true;
    waiting_ = nullptr;
    return true;
  }

 private:
  void call() {
    if (!open_ || closed_ || !waiting_) return;
    const auto f = std::exchange(waiting_, nullptr);
    f();
  }
  std::mutex mutex_;
  bool open_ = false, closed_ = false;
  std::function<void()> waiting_;
};

}  // namespace sluice::host
