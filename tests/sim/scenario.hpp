// One seed: a tenant whose upstream changes is synced by two hosts that crash, pause, lose answers and
// take each other's runs over. Promises are checked at every call; then all faults end, and what is
// stored must become what the upstream holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::sim {

struct verdict {
  std::string broken;  // empty: all promises were kept
  std::uint64_t trace = 0;
  int crashes = 0, pauses = 0, take_overs = 0, runs = 0, store_calls = 0;
  int overlaps = 0, early_pages = 0;  // batches written beside another; pages that were read ahead of
  double simulated_s = 0;
};

// Told of each event, when somebody wants to read them.
using tell_fn = std::function<void(std::int64_t at_us, int host, std::string_view what)>;

[[nodiscard]] verdict play(std::uint64_t seed, const tell_fn& tell = {});
// The expanded options of a seed.
[[nodiscard]] std::string describe(std::uint64_t seed);

}  // namespace sluice::sim
