// One seed: a tenant is synced into a memory store while hosts crash, calls fail and answers get lost.
// The invariants are checked after every store call, the outcome against the upstream's oracle.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::sim {

struct verdict {
  std::string broken;  // empty: all promises were kept
  std::uint64_t trace = 0;
  int crashes = 0, store_calls = 0;
  double simulated_s = 0;
};

[[nodiscard]] verdict play(std::uint64_t seed);

}  // namespace sluice::sim
