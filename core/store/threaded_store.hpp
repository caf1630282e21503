// The engine's view of a store: work is run by a few threads, each with its own session, essential
// first and tenants in turns; whoever waits goes on on its own executor.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/turn_queue.hpp"
#include "store/store.hpp"

namespace sluice::store {

class threaded_store final : public engine::store_port {
 public:
  // `threads` 0: as many as the store says that are worth having. The store must outlive this.
  explicit threaded_store(store& over, int threads = 0);
  // Runs what is queued, then ends.
  ~threaded_store() override;

  boost::asio::awaitable<void> execute(engine::turn of, std::function<void(engine::session&)> work) override;

 private:
  using job = std::function<void(std::unique_ptr<engine::session>&)>;
  void enqueue(engine::turn of, job j);
  void run();
  [[nodiscard]] std::exception_ptr attempt(const std::function<void(engine::session&)>& work,
                                           std::unique_ptr<engine::session>& session);

  store& store_;
  std::mutex mutex_;
  std::condition_variable ready_;
  engine::turn_queue<job> queue_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::store
