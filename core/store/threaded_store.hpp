// The engine's view of a store: work is run by a few threads, each with its own session, essential
// first; whoever waits goes on on its own executor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/store.hpp"

namespace sluice::store {

class threaded_store final : public engine::store_port {
 public:
  // `threads` 0: as many as the store says that are worth having. The store must outlive this.
  explicit threaded_store(store& over, int threads = 0);
  // Runs what is queued, then ends.
  ~threaded_store() override;

  boost::asio::awaitable<void> execute(engine::urgency u,
                                       std::function<void(engine::session&)> work) override;

 private:
  using job = std::function<void(std::unique_ptr<engine::session>&)>;
  void enqueue(engine::urgency u, job j);
  void run();
  [[nodiscard]] std::exception_ptr attempt(const std::function<void(engine::session&)>& work,
                                           std::unique_ptr<engine::session>& session);

  store& store_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<job> essential_, background_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::store
