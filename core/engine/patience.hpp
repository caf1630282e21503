// How often and how long a store that fails is asked again, and who hears of it.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "engine/wait_note.hpp"

namespace sluice::engine {

class patience {
 public:
  // All references must outlive it. `tell` may be empty.
  patience(const retry_policy& retry, std::int64_t limit_us, clock_port& clock, random_port& random,
           const wait_fn& tell);

  // How long to wait before the next try. Throws SLU-6101 when the patience is at its end.
  [[nodiscard]] std::int64_t after(const failure& failed);
  // It has worked.
  void over();

 private:
  const retry_policy& retry_;
  clock_port& clock_;
  random_port& random_;
  const wait_fn& tell_;
  std::int64_t ends_us_;
  std::int64_t told_us_ = 0;
  int failures_ = 0;
  std::optional<failure> told_;
};

}  // namespace sluice::engine
