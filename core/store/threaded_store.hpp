// The engine's view of a store: work is run by a few threads, each with a session for as long as it takes,
// essential first and tenants in turns; whoever waits goes on on its own executor.
//
// While essential work is about, one large job of background work is done at a time, with a rest after it that is some
// times as long: each keeps a core of the server busy, however many places there are.
//
// A session is opened when none is free and work has waited for one longer than opening takes: a short run gets
// by with one, whose caches on the server's side are warm. How many are at work at a time is found out: see
// concurrency.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "engine/turn_queue.hpp"
#include "store/concurrency.hpp"
#include "store/store.hpp"

namespace sluice::store {

class threaded_store final : public engine::store_port {
 public:
  // `threads` 0: as many as the store says that are worth having. `about`: for how long after an essential job more are
  // expected. The store must outlive this.
  explicit threaded_store(store& over, int threads = 0,
                          std::chrono::milliseconds about = std::chrono::seconds(1));
  // Runs what is queued, then ends.
  ~threaded_store() override;

  boost::asio::awaitable<void> execute(engine::turn of, std::function<void(engine::session&)> work) override;
  [[nodiscard]] std::int64_t waits_us() const override { return waits_us_; }
  // The same for who can only wait: not on an executor's thread.
  void execute_here(engine::turn of, const std::function<void(engine::session&)>& work);

 private:
  using clock = std::chrono::steady_clock;
  using work_fn = std::function<void(std::unique_ptr<engine::session>&)>;
  struct job {
    work_fn work;
    bool yields = false;  // it is large, and not essential
  };
  void enqueue(engine::turn of, work_fn work);
  using running = std::multiset<clock::time_point>;  // when each job at work began
  void run();
  // The next in turn, with a session or leave to open one. Nothing: it is over.
  struct turn_taken {
    job what;
    running::iterator place, among_large;  // the second: of a job that yields
  };
  [[nodiscard]] std::optional<turn_taken> take(clock::time_point now);
  [[nodiscard]] std::optional<turn_taken> next(std::unique_ptr<engine::session>& session);
  // When the job that is the next one may begin at the earliest; at or before `now`: now.
  [[nodiscard]] clock::time_point may_begin(clock::time_point now) const;
  // When a job that yields may begin, as far as essential work is concerned.
  [[nodiscard]] clock::time_point large_may(clock::time_point now) const;
  void give_back(std::unique_ptr<engine::session> session, const turn_taken& over);
  [[nodiscard]] std::exception_ptr attempt(const std::function<void(engine::session&)>& work,
                                           std::unique_ptr<engine::session>& session);

  store& store_;
  std::mutex mutex_;
  std::condition_variable ready_;
  engine::turn_queue<job> queue_;
  std::deque<clock::time_point> since_;  // as many as jobs; the first: how long one waits at most
  std::vector<std::unique_ptr<engine::session>> free_;  // the last one is the warmest
  int open_ = 0;                                        // free, in use or being opened
  concurrency worth_;
  running at_work_, large_;  // the second: those of them that yield
  std::chrono::milliseconds about_;
  clock::time_point essential_until_{}, rests_until_{};
  std::atomic<std::int64_t> waits_us_ = 0;  // written under the lock
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::store
