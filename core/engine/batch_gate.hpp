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

// What the gate of a request is made of (commit_request::gate): the end of the batch before it. A type with a
// name, so that a store on virtual time, which must not block, can ask whether it would.
struct after_batch {
  std::shared_ptr<const batch_gate> first;
  bool operator()() const noexcept { return first->wait(); }
};

}  // namespace sluice::engine
