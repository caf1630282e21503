// Sessions at a store for questions: as many as are asked at once, up to a bound, and kept for the next ones. Who else
// has sessions there is not in their way. Any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/failure.hpp"
#include "store/store.hpp"

namespace sluice::store {

class session_pool {
 public:
  session_pool(store& over, int most) : store_(over), room_(most) {}

  // Waits while all of them are asked: a question must not ask another one here. A session whose connection may have
  // failed is not used again.
  template <class F>
  auto with(F&& question) {
    lent one(*this);
    try {
      return question(*one.session);
    } catch (const engine::failure& f) {
      using engine::failure_class;
      if (f.kind() != failure_class::not_found && f.kind() != failure_class::invalid) one.session.reset();
      throw;
    }
  }

 private:
  // Gives its room back, and the session if there is one.
  struct lent {
    explicit lent(session_pool& of) : owner(of) {
      session = owner.take();
      if (session) return;
      try {
        session = owner.store_.open_session();
      } catch (...) {
        owner.give_back(nullptr);
        throw;
      }
    }
    lent(const lent&) = delete;
    lent& operator=(const lent&) = delete;
    ~lent() { owner.give_back(std::move(session)); }

    session_pool& owner;
    std::unique_ptr<engine::session> session;
  };

  // Null: one may be opened.
  std::unique_ptr<engine::session> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return room_ > 0; });
    --room_;
    if (free_.empty()) return nullptr;
    auto out = std::move(free_.back());
    free_.pop_back();
    return out;
  }
  void give_back(std::unique_ptr<engine::session> session) {
    {
      const std::lock_guard lock(mutex_);
      ++room_;
      if (session) free_.push_back(std::move(session));
    }
    changed_.notify_one();
  }

  store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int room_;  // for questions that come now
  std::vector<std::unique_ptr<engine::session>> free_;
};

}  // namespace sluice::store
