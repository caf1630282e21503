// Sessions at the store for questions from outside of the engine: as many as are asked at once, up to a bound, and kept
// for the next ones. Others' work is not in their way. Any thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "store/store.hpp"

namespace sluice::host {

class question_sessions {
 public:
  explicit question_sessions(store::store& over) : store_(over), room_(std::clamp(over.writers(), 1, 4)) {}

  // Waits while all of them are asked. A session whose connection was lost opens a new one by itself.
  template <class F>
  auto with(F&& question) {
    const taken one(*this);
    return question(*one.session);
  }

 private:
  struct taken {
    explicit taken(question_sessions& of) : owner(of), session(of.take()) {}
    taken(const taken&) = delete;
    taken& operator=(const taken&) = delete;
    ~taken() { owner.give_back(std::move(session)); }
    question_sessions& owner;
    std::unique_ptr<engine::session> session;
  };

  std::unique_ptr<engine::session> take() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return room_ > 0; });
      --room_;
      if (!free_.empty()) {
        auto out = std::move(free_.back());
        free_.pop_back();
        return out;
      }
    }
    try {
      return store_.open_session();
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }
  void give_back(std::unique_ptr<engine::session> session) {
    {
      const std::lock_guard lock(mutex_);
      ++room_;
      if (session) free_.push_back(std::move(session));
    }
    changed_.notify_one();
  }

  store::store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int room_;
  std::vector<std::unique_ptr<engine::session>> free_;
};

}  // namespace sluice::host
