// The end of a batch, for the thread that commits the batch after it.
#pragma once

#include <atomic>
#include <memory>

namespace sluice::engine {

class batch_gate {
 public:
  batch_gate() = default;
  batch_gate(const batch_gate&) = delete;
  batch_gate& operator=(const batch_gate&) = delete;

  // The batch is committed, or this try at it has failed. Only the first word counts.
  void tell(bool committed) noexcept {
    state expected = state::open;
    state_.compare_exchange_strong(expected, committed ? state::committed : state::failed);
    state_.notify_all();
  }
  [[nodiscard]] bool known() const noexcept { return state_.load() != state::open; }
  // Blocks until it is known.
  [[nodiscard]] bool wait() const noexcept {
    state_.wait(state::open);
    return state_.load() == state::committed;
  }

 private:
  enum class state { open, committed, failed };
  std::atomic<state> state_{state::open};
};

// Whether something can still be added to a batch that waits for a thread of the store.
class batch_door {
 public:
  // By who adds, for a moment; false: too late.
  [[nodiscard]] bool hold() noexcept {
    state expected = state::open;
    return state_.compare_exchange_strong(expected, state::held);
  }
  void let_go() noexcept {
    state_.store(state::open);
    state_.notify_all();
  }
  // By the thread of the store, for good, and as often as it likes; waits while somebody adds.
  void shut() noexcept {
    for (state expected = state::open; !state_.compare_exchange_strong(expected, state::shut);
         expected = state::open) {
      if (expected == state::shut) return;
      state_.wait(state::held);
    }
  }

 private:
  enum class state { open, held, shut };
  std::atomic<state> state_{state::open};
};

// What the gate of a request is made of (commit_request::gate): the end of the batch before it. A type with a
// name, so that a store on virtual time, which must not block, can ask whether it would.
struct after_batch {
  std::shared_ptr<const batch_gate> first;
  bool operator()() const noexcept { return first->wait(); }
};

}  // namespace sluice::engine
