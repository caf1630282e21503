// How long to wait before the next try.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace sluice::engine {

// Exponential with jitter over the upper half; never less than what the upstream asked for.
[[nodiscard]] inline std::int64_t backoff_us(const retry_policy& policy, int failures, const failure& last,
                                             random_port& random) {
  const int doublings = std::min(failures - 1, 20);
  const std::int64_t full = std::min(policy.cap_us, policy.base_us << doublings);
  const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(full / 2, 1));
  const std::int64_t wait = full / 2 + static_cast<std::int64_t>(random.next() % half);
  return std::max(wait, last.retry_after_us());
}

}  // namespace sluice::engine
