// Two sessions at once: one is stopped before each of its statements in turn, and the other does all of its
// work meanwhile, or waits for the first. Whatever the order, the result is one that a user would expect.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "tenants.hpp"

namespace sluice::testing {
using work = std::function<void(engine::session&)>;

struct outcomes {
  std::string stopped, other;
};

class interleaved : public tenants {
 protected:
  // `scene` makes a tenant, and gives the work of the session that is stopped, that of the other one, and what
  // must be true afterwards.
  struct scene {
    work stopped, other;
    std::function<void(const outcomes&)> check;
  };
  void at_each_statement(const std::function<scene(tenant_run&)>& make) {
    int n = 1;
    for (bool paused = true; paused; ++n) {
      ASSERT_LT(n, 100);
      tenant_run run = next_tenant();
      const scene s = make(run);
      SCOPED_TRACE("stopped before statement " + std::to_string(n));
      outcomes out;
      paused = play(n, s, out);
      s.check(out);
      if (HasFailure()) return;
    }
    EXPECT_GT(n, 3) << "it was hardly ever stopped";
  }

 private:
  bool play(int n, const scene& s, outcomes& out) {
    if (!first_) first_ = through_->open_session(), second_ = store_->open_session();
    proxy_->pause_at(n);
    std::thread one([&] {
      out.stopped = outcome_of([&] { s.stopped(*first_); });
      proxy_->over();
    });
    const bool paused = proxy_->wait_paused();
    bool done = false;
    std::thread two([&] {
      out.other = outcome_of([&] { s.other(*second_); });
      const std::lock_guard lock(mutex_);
      done = true;
      changed_.notify_all();
    });
    {
      // The server tells nobody that somebody waits: it is asked now and then.
      std::unique_lock lock(mutex_);
      while (!changed_.wait_for(lock, std::chrono::milliseconds(5), [&] { return done; }) &&
             sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
      }
    }
    proxy_->resume();
    one.join();
    two.join();
    return paused;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<engine::session> first_, second_;
};

}  // namespace sluice::testing
