// The engine's view: work on threads, answers on the caller's executor, essential work first.
#include <atomic>
#include <chrono>
#include <future>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "store/errors.hpp"
#include "store/threaded_store.hpp"
#include "support/memory_store.hpp"

namespace sluice::testing {

namespace {

namespace asio = boost::asio;
using engine::urgency;

struct loop {
  asio::io_context context;
  // Runs a coroutine to its end; what it throws comes out here.
  template <class Awaitable>
  void run(Awaitable work) {
    std::exception_ptr error;
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr e) { error = e; });
    context.restart();
    context.run();
    if (error) std::rethrow_exception(error);
  }
};

class threads : public ::testing::Test {
 protected:
  threads() { memory_.migrate(); }
  memory_store memory_;
  loop loop_;
};

asio::awaitable<void> note(store::threaded_store& s, urgency u, int n, std::vector<int>& order) {
  co_await s.call(u, [&](engine::session&) { order.push_back(n); });
}

}  // namespace

TEST_F(threads, an_answer_comes_back_on_the_callers_thread) {
  store::threaded_store s(memory_);
  const auto me = std::this_thread::get_id();
  std::thread::id worked, answered;
  std::int64_t now = 0;
  loop_.run([&]() -> asio::awaitable<void> {
    now = co_await s.call(urgency::background, [&](engine::session& session) {
      worked = std::this_thread::get_id();
      return session.now_us();
    });
    answered = std::this_thread::get_id();
  }());
  EXPECT_GT(now, 0);
  EXPECT_EQ(answered, me);
  EXPECT_NE(worked, me);
}

TEST_F(threads, what_the_work_throws_is_thrown_at_the_caller) {
  store::threaded_store s(memory_);
  try {
    loop_.run([&]() -> asio::awaitable<void> {
      co_await s.call(urgency::background,
                      [](engine::session&) { throw store::transient("SLU-5010", "busy"); });
    }());
    FAIL() << "it was lost";
  } catch (const engine::failure& f) {
    EXPECT_EQ(f.code(), "SLU-5010");
  }
}

// covers: P11
TEST_F(threads, essential_work_goes_first) {
  store::threaded_store s(memory_, 1);
  std::promise<void> begun, go_on;
  std::vector<int> order;
  const auto occupy = [&]() -> asio::awaitable<void> {
    co_await s.call(urgency::background, [&](engine::session&) {
      begun.set_value();
      go_on.get_future().wait();
    });
  };
  asio::co_spawn(loop_.context, occupy(), asio::detached);
  loop_.context.poll();
  begun.get_future().wait();  // the one thread is taken: what follows has to queue
  for (int n = 1; n <= 3; ++n)
    asio::co_spawn(loop_.context, note(s, urgency::background, n, order), asio::detached);
  for (int n = 11; n <= 13; ++n)
    asio::co_spawn(loop_.context, note(s, urgency::essential, n, order), asio::detached);
  loop_.context.poll();
  go_on.set_value();
  loop_.context.restart();
  loop_.context.run();
  EXPECT_EQ(order, (std::vector<int>{11, 12, 13, 1, 2, 3}));
}

// covers: P11, P12
TEST_F(threads, large_background_work_is_done_one_at_a_time_while_essential_work_is_about) {
  store::threaded_store s(memory_, 4, std::chrono::hours(1));
  std::promise<void> go_on;
  std::shared_future<void> going(go_on.get_future());
  std::atomic<int> at_work = 0, most = 0;
  const auto large = [&]() -> asio::awaitable<void> {
    co_await s.call({urgency::background, "whale", true}, [&](engine::session&) {
      most = std::max<int>(most, ++at_work);
      going.wait();
      --at_work;
    });
  };
  // Beside the first, which waits for them: each could as well be the second large one.
  const auto others = [&]() -> asio::awaitable<void> {
    co_await s.call({urgency::essential, "small"}, [](engine::session&) {});
    for (int n = 0; n < 3; ++n) asio::co_spawn(loop_.context, large(), asio::detached);
    for (int n = 0; n < 100; ++n) {
      co_await s.call({urgency::essential, "small"}, [](engine::session&) {});
      co_await s.call({urgency::background, "small"}, [](engine::session&) {});
    }
    go_on.set_value();
  };
  loop_.run(others());
  EXPECT_EQ(most, 1);
}

TEST_F(threads, large_background_work_alone_takes_what_there_is) {
  store::threaded_store s(memory_, 4);
  std::promise<void> second;
  std::atomic<int> begun = 0;
  const auto large = [&]() -> asio::awaitable<void> {
    co_await s.call({urgency::background, "whale", true}, [&](engine::session&) {
      if (++begun == 2) second.set_value();
      else second.get_future().wait();
    });
  };
  for (int n = 0; n < 2; ++n) asio::co_spawn(loop_.context, large(), asio::detached);
  loop_.context.run();
  EXPECT_EQ(begun, 2);
}

TEST_F(threads, it_is_known_how_long_work_waits_for_its_turn) {
  store::threaded_store s(memory_, 1);
  EXPECT_EQ(s.waits_us(), 0);
  std::promise<void> begun, go_on;
  const auto first = std::async(std::launch::async, [&] {
    s.execute_here(urgency::essential, [&](engine::session&) {
      begun.set_value();
      go_on.get_future().wait();
    });
  });
  begun.get_future().wait();
  asio::co_spawn(loop_.context, s.execute(urgency::essential, [](engine::session&) {}), asio::detached);
  loop_.context.poll();  // the second stands in the queue
  const auto since = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - since < std::chrono::milliseconds(40)) std::this_thread::yield();
  go_on.set_value();
  loop_.context.run();
  const std::int64_t waited = s.waits_us();
  EXPECT_GE(waited, 40'000 / 4);
  for (int n = 0; n < 40; ++n) s.execute_here(urgency::essential, [](engine::session&) {});
  EXPECT_LT(s.waits_us(), waited) << "nobody waits any more";
}

// covers: P11, P12
TEST_F(threads, tenants_take_turns) {
  store::threaded_store s(memory_, 1);
  std::promise<void> begun, go_on;
  std::vector<int> order;
  const auto work_of = [&](engine::turn of, int n) -> asio::awaitable<void> {
    co_await s.call(of, [&](engine::session&) { order.push_back(n); });
  };
  const auto occupy = [&]() -> asio::awaitable<void> {
    co_await s.call({urgency::background, "whale"}, [&](engine::session&) {
      begun.set_value();
      go_on.get_future().wait();
    });
  };
  asio::co_spawn(loop_.context, occupy(), asio::detached);
  loop_.context.poll();
  begun.get_future().wait();
  for (int n = 1; n <= 4; ++n)
    asio::co_spawn(loop_.context, work_of({urgency::background, "whale"}, n), asio::detached);
  asio::co_spawn(loop_.context, work_of({urgency::background, "acme"}, 11), asio::detached);
  asio::co_spawn(loop_.context, work_of({urgency::background, "bolt"}, 21), asio::detached);
  asio::co_spawn(loop_.context, work_of({urgency::essential, "bolt"}, 22), asio::detached);
  loop_.context.poll();
  go_on.set_value();
  loop_.context.restart();
  loop_.context.run();
  // At most the job that was under way and one of the whale's are before anybody else's.
  EXPECT_EQ(order, (std::vector<int>{22, 1, 11, 21, 2, 3, 4}));
}

// covers: P14
TEST_F(threads, a_session_that_lost_its_connection_is_replaced) {
  store::threaded_store s(memory_, 1);
  const engine::session* first = nullptr;
  bool failed = false;
  loop_.run([&]() -> asio::awaitable<void> {
    co_await s.call(urgency::background, [&](engine::session& session) { first = &session; });
    memory_.hooks.on_begin = [&] { throw store::transient("SLU-5012", "the connection is lost"); };
    try {
      co_await s.call(urgency::background, [](engine::session& session) { session.request_cancel("r"); });
    } catch (const engine::failure&) {
      failed = true;
    }
    memory_.hooks.on_begin = {};
    const bool cancelled = co_await s.call(
        urgency::background, [](engine::session& session) { return session.request_cancel("r"); });
    EXPECT_FALSE(cancelled);
  }());
  EXPECT_TRUE(failed);
  EXPECT_NE(first, nullptr);
}

// Of PostgreSQL each one is a process that has to learn about every table anew.
TEST_F(threads, one_session_serves_work_that_comes_one_after_the_other) {
  store::threaded_store s(memory_, 8);
  std::set<const engine::session*> used;
  const auto note_session = [&](engine::session& session) { used.insert(&session); };
  for (int n = 0; n < 50; ++n) {
    loop_.run([&]() -> asio::awaitable<void> { co_await s.call(urgency::background, note_session); }());
    s.execute_here(urgency::essential, note_session);
  }
  EXPECT_EQ(used.size(), 1U);
}

TEST_F(threads, work_that_others_hold_up_gets_a_session_of_its_own) {
  store::threaded_store s(memory_, 3);
  std::promise<void> go_on;
  const std::shared_future<void> may_go_on = go_on.get_future().share();
  std::atomic<int> inside = 0;
  const auto occupy = [&]() -> asio::awaitable<void> {
    co_await s.call(urgency::background, [&](engine::session&) {
      if (++inside == 3) go_on.set_value();  // none of the three ends before all have begun
      may_go_on.wait();
    });
  };
  for (int n = 0; n < 3; ++n) asio::co_spawn(loop_.context, occupy(), asio::detached);
  loop_.context.run();
  EXPECT_EQ(inside, 3);
}

TEST_F(threads, who_can_only_wait_hears_what_went_wrong) {
  store::threaded_store s(memory_);
  EXPECT_THROW(s.execute_here(urgency::essential,
                              [](engine::session&) { throw store::transient("SLU-5010", "busy"); }),
               engine::failure);
}

TEST_F(threads, queued_work_is_done_before_the_threads_end) {
  std::vector<int> order;
  {
    store::threaded_store s(memory_, 1);
    for (int n = 0; n < 50; ++n)
      asio::co_spawn(loop_.context, note(s, urgency::background, n, order), asio::detached);
    loop_.context.poll();
  }
  loop_.context.restart();
  loop_.context.run();
  EXPECT_EQ(order.size(), 50U);
}

TEST_F(threads, many_callers_on_many_threads_lose_nothing) {
  store::threaded_store s(memory_, 4);
  std::atomic<int> done = 0;
  for (int n = 0; n < 500; ++n) {
    asio::co_spawn(
        loop_.context,
        [](store::threaded_store& store, std::atomic<int>& count, int i) -> asio::awaitable<void> {
          const auto u = i % 3 == 0 ? urgency::essential : urgency::background;
          count += co_await store.call(
              u, [](engine::session& session) { return session.request_cancel("r") ? 0 : 1; });
        }(s, done, n),
        asio::detached);
  }
  loop_.context.run();
  EXPECT_EQ(done, 500);
}

}  // namespace sluice::testing
