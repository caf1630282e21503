// Sessions at the store for questions: as many as are in use at once, kept for the next ones.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "store/store.hpp"

namespace sluice::server {

class session_pool {
 public:
  explicit session_pool(store::store& over) : store_(over) {}

  // Any thread. A session whose connection may have failed is not used again.
  template <class F>
  auto with(F&& question) {
    std::unique_ptr<engine::session> session = take();
    try {
      auto out = question(*session);
      give_back(std::move(session));
      return out;
    } catch (const engine::failure& f) {
      using engine::failure_class;
      if (f.kind() == failure_class::not_found || f.kind() == failure_class::invalid)
        give_back(std::move(session));
      throw;
    } catch (...) {
      give_back(std::move(session));
      throw;
    }
  }

 private:
  void give_back(std::unique_ptr<engine::session> session) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(session));
  }
  std::unique_ptr<engine::session> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto out = std::move(free_.back());
        free_.pop_back();
        return out;
      }
    }
    return store_.open_session();
  }

  store::store& store_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<engine::session>> free_;
};

}  // namespace sluice::server
