// Many seeds in a row, and how fast they go.
#pragma once

#include <cstdint>
#include <string>

#include "scenario.hpp"

namespace sluice::sim {

struct tally {
  std::uint64_t seeds = 0, failed_seed = 0;  // 0: none failed
  std::string broken;
  long long crashes = 0, pauses = 0, take_overs = 0, runs = 0, changes = 0, overlaps = 0, early_pages = 0;
  double simulated_s = 0, cpu_s = 0;

  [[nodiscard]] std::string text() const;
};

// Stops at the first seed that breaks a promise.
[[nodiscard]] tally play_all(std::uint64_t first, std::uint64_t last);

}  // namespace sluice::sim
