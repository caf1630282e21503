// The end of a batch, for the thread that commits the batch after it.
#pragma once

#include <atomic>

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
  // Blocks until it is known.
  [[nodiscard]] bool wait() const noexcept {
    state_.wait(state::open);
    return state_.load() == state::committed;
  }

 private:
  enum class state { open, committed, failed };
  std::atomic<state> state_{state::open};
};

}  // namespace sluice::engine
