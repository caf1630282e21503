#include "plugin/call_scope.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "plugin/guard.hpp"

namespace sluice::plugin {

struct call_scope::state {
  using hook = std::pair<void (*)(void*), void*>;

  call_values values;
  sluice_call call{};
  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::condition_variable hook_ended;
  std::map<std::uint64_t, hook> hooks;
  std::uint64_t next_token = 1;
  std::uint64_t running = 0;  // the token of the hook that runs now
  std::thread::id runner;

  void cancel() {
    std::unique_lock lock(mutex);
    if (cancelled.exchange(true)) return;
    while (!hooks.empty()) {
      const auto [fn, data] = hooks.begin()->second;
      running = hooks.begin()->first;
      runner = std::this_thread::get_id();
      hooks.erase(hooks.begin());
      lock.unlock();
      fn(data);
      lock.lock();
      running = 0;
      hook_ended.notify_all();
    }
  }

  std::uint64_t add(hook h) {
    {
      const std::scoped_lock lock(mutex);
      if (!cancelled) {
        hooks.emplace(next_token, h);
        return next_token++;
      }
    }
    h.first(h.second);
    return 0;
  }

  void remove(std::uint64_t token) {
    std::unique_lock lock(mutex);
    hooks.erase(token);
    // A hook that takes itself off would wait for its own end.
    hook_ended.wait(lock,
                    [&] { return token == 0 || running != token || runner == std::this_thread::get_id(); });
  }
};

namespace {

const call_scope* scope(const sluice_call* call) noexcept {
  return static_cast<const call_scope*>(call->impl);
}

}  // namespace

call_scope::call_scope(call_values values) : state_(std::make_unique<state>()) {
  state& s = *state_;
  s.values = std::move(values);
  s.call.size = sizeof s.call;
  s.call.flags = s.values.essential ? SLUICE_CALL_ESSENTIAL : 0;
  s.call.tenant = to_abi(s.values.tenant);
  s.call.run_id = to_abi(s.values.run_id);
  s.call.correlation_id = to_abi(s.values.correlation_id);
  s.call.traceparent = to_abi(s.values.traceparent);
  s.call.deadline_unix_us = s.values.deadline_unix_us;
  s.call.cancelled = [](const sluice_call* c) -> std::int32_t { return scope(c)->cancelled() ? 1 : 0; };
  s.call.on_cancel = [](const sluice_call* c, void (*fn)(void*), void* data) {
    return scope(c)->state_->add({fn, data});
  };
  s.call.off_cancel = [](const sluice_call* c, std::uint64_t token) { scope(c)->state_->remove(token); };
  s.call.impl = this;
}

call_scope::~call_scope() = default;

void call_scope::cancel() noexcept { state_->cancel(); }
bool call_scope::cancelled() const noexcept { return state_->cancelled; }
const call_values& call_scope::values() const noexcept { return state_->values; }
const sluice_call* call_scope::abi() const noexcept { return &state_->call; }
const call_scope* call_scope::from(const sluice_call* call) noexcept {
  return call == nullptr ? nullptr : scope(call);
}

}  // namespace sluice::plugin
