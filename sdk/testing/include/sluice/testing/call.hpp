// A call as a host would make it, for tests: cancel it whenever you like.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <sluice/call.hpp>

namespace sluice::testkit {

class fake_call {
 public:
  std::string tenant = "acme", run_id = "run-1", correlation_id = "sync-acme-1-00000000", traceparent;

  explicit fake_call(bool essential = false) {
    raw_.size = sizeof raw_;
    raw_.flags = essential ? SLUICE_CALL_ESSENTIAL : 0;
    raw_.tenant = sluice::detail::str(tenant);
    raw_.run_id = sluice::detail::str(run_id);
    raw_.correlation_id = sluice::detail::str(correlation_id);
    raw_.cancelled = [](const sluice_call* c) { return self(c).is_cancelled(); };
    raw_.on_cancel = [](const sluice_call* c, void (*fn)(void*), void* data) {
      return self(c).add({fn, data});
    };
    raw_.off_cancel = [](const sluice_call* c, std::uint64_t token) { self(c).remove(token); };
    raw_.impl = this;
  }
  fake_call(const fake_call&) = delete;
  fake_call& operator=(const fake_call&) = delete;

  // Runs the hooks on this thread. Once.
  void cancel() {
    std::unique_lock lock(mutex_);
    if (std::exchange(cancelled_, true)) return;
    while (!hooks_.empty()) {
      const auto [token, next] = *hooks_.begin();
      hooks_.erase(hooks_.begin());
      running_ = token;
      lock.unlock();
      next.fn(next.data);
      lock.lock();
      running_ = 0;
      idle_.notify_all();
    }
  }

  [[nodiscard]] const sluice_call* raw() const noexcept { return &raw_; }
  [[nodiscard]] call view() const noexcept { return call(&raw_); }
  [[nodiscard]] std::size_t hooks() {
    const std::lock_guard lock(mutex_);
    return hooks_.size();
  }

 private:
  struct hook {
    void (*fn)(void*);
    void* data;
  };

  static fake_call& self(const sluice_call* c) { return *static_cast<fake_call*>(c->impl); }
  [[nodiscard]] std::int32_t is_cancelled() {
    const std::lock_guard lock(mutex_);
    return cancelled_ ? 1 : 0;
  }
  std::uint64_t add(hook h) {
    std::unique_lock lock(mutex_);
    const std::uint64_t token = ++last_;
    if (!cancelled_) {
      hooks_.emplace(token, h);
      return token;
    }
    lock.unlock();
    h.fn(h.data);
    return token;
  }
  void remove(std::uint64_t token) {
    std::unique_lock lock(mutex_);
    hooks_.erase(token);
    idle_.wait(lock, [&] { return running_ != token; });
  }

  sluice_call raw_{};
  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::uint64_t, hook> hooks_;
  std::uint64_t last_ = 0, running_ = 0;
  bool cancelled_ = false;
};

}  // namespace sluice::testkit
