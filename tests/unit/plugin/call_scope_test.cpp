#include "plugin/call_scope.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace sluice::plugin {

namespace {

void count(void* data) { ++*static_cast<std::atomic<int>*>(data); }

std::string_view view(sluice_str s) { return {s.data, s.len}; }

}  // namespace

TEST(call_scope, tells_whom_the_call_is_for) {
  const call_scope scope({"acme", "run-1", "sync-acme-1-2", "00-ab-cd-01", 1'700'000'000'000'000, true});
  const sluice_call* call = scope.abi();
  EXPECT_EQ(call->size, sizeof(sluice_call));
  EXPECT_EQ(view(call->tenant), "acme");
  EXPECT_EQ(view(call->run_id), "run-1");
  EXPECT_EQ(view(call->correlation_id), "sync-acme-1-2");
  EXPECT_EQ(view(call->traceparent), "00-ab-cd-01");
  EXPECT_EQ(call->deadline_unix_us, 1'700'000'000'000'000);
  EXPECT_EQ(call->flags, SLUICE_CALL_ESSENTIAL);
  EXPECT_EQ(call->cancelled(call), 0);
  EXPECT_EQ(call_scope::from(call), &scope);
  EXPECT_EQ(call_scope::from(nullptr), nullptr);
}

TEST(call_scope, runs_each_hook_once_when_it_is_cancelled) {
  call_scope scope({});
  std::atomic<int> hooks{0};
  const sluice_call* call = scope.abi();
  EXPECT_NE(call->on_cancel(call, count, &hooks), 0U);
  const std::uint64_t off = call->on_cancel(call, count, &hooks);
  call->off_cancel(call, off);
  EXPECT_EQ(hooks, 0);
  scope.cancel();
  scope.cancel();
  EXPECT_EQ(hooks, 1);
  EXPECT_EQ(call->cancelled(call), 1);
}

TEST(call_scope, runs_a_hook_at_once_when_it_is_cancelled_already) {
  call_scope scope({});
  std::atomic<int> hooks{0};
  scope.cancel();
  const std::uint64_t token = scope.abi()->on_cancel(scope.abi(), count, &hooks);
  EXPECT_EQ(hooks, 1);
  scope.abi()->off_cancel(scope.abi(), token);
}

TEST(call_scope, waits_in_off_cancel_for_a_hook_that_runs) {
  struct shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool entered = false, may_leave = false;
    std::atomic<bool> left{false};
  } s;
  call_scope scope({});
  const sluice_call* call = scope.abi();
  const auto hook = [](void* data) {
    auto& in = *static_cast<shared*>(data);
    std::unique_lock lock(in.mutex);
    in.entered = true;
    in.changed.notify_all();
    in.changed.wait(lock, [&] { return in.may_leave; });
    in.left = true;
  };
  const std::uint64_t token = call->on_cancel(call, hook, &s);
  std::thread canceller([&] { scope.cancel(); });
  {
    std::unique_lock lock(s.mutex);
    s.changed.wait(lock, [&] { return s.entered; });
  }
  std::thread releaser([&] {
    const std::scoped_lock lock(s.mutex);
    s.may_leave = true;
    s.changed.notify_all();
  });
  call->off_cancel(call, token);
  EXPECT_TRUE(s.left);
  canceller.join();
  releaser.join();
}

TEST(call_scope, lets_a_hook_take_itself_off) {
  struct self {
    const sluice_call* call;
    std::uint64_t token;
    bool done = false;
  };
  call_scope scope({});
  self s{scope.abi(), 0};
  const auto hook = [](void* data) {
    auto& me = *static_cast<self*>(data);
    me.call->off_cancel(me.call, me.token);
    me.done = true;
  };
  s.token = scope.abi()->on_cancel(scope.abi(), hook, &s);
  scope.cancel();
  EXPECT_TRUE(s.done);
}

// covers: G9
TEST(call_scope, runs_hooks_once_however_many_threads_cancel) {
  for (int round = 0; round < 50; ++round) {
    call_scope scope({});
    std::atomic<int> hooks{0};
    std::thread registrar([&] {
      for (int i = 0; i < 20; ++i) scope.abi()->on_cancel(scope.abi(), count, &hooks);
    });
    std::thread one([&] { scope.cancel(); }), two([&] { scope.cancel(); });
    registrar.join();
    one.join();
    two.join();
    EXPECT_EQ(hooks, 20);
  }
}

}  // namespace sluice::plugin
