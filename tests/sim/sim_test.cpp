// The engine on virtual time. SLUICE_SIM_SEEDS says how many seeds, SLUICE_SIM_SEED replays one.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "scenario.hpp"

namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

std::uint64_t seeds_of_tier() {
  const char* tier = std::getenv("SLUICE_TEST_TIER");
  return tier != nullptr && std::string(tier) == "full" ? 20'000 : 500;
}

TEST(simulation, loses_nothing_whatever_the_seed) {
  const std::uint64_t one = number("SLUICE_SIM_SEED", 0);
  const std::uint64_t first = one == 0 ? 1 : one,
                      count = one == 0 ? number("SLUICE_SIM_SEEDS", seeds_of_tier()) : 1;
  int crashes = 0, calls = 0;
  double simulated = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const sluice::sim::verdict v = sluice::sim::play(seed);
    ASSERT_EQ(v.broken, "") << "replay with SLUICE_SIM_SEED=" << seed;
    crashes += v.crashes;
    calls += v.store_calls;
    simulated += v.simulated_s;
  }
  RecordProperty("seeds", std::to_string(count));
  std::printf("%llu seeds, %d crashes, %d store calls, %.1f simulated hours\n",
              static_cast<unsigned long long>(count), crashes, calls, simulated / 3600);
  if (one == 0 && count >= 100) {
    EXPECT_GT(crashes, static_cast<int>(count));
  }
}

TEST(simulation, is_the_same_again_for_the_same_seed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto once = sluice::sim::play(seed), again = sluice::sim::play(seed);
    ASSERT_EQ(once.trace, again.trace) << "seed " << seed;
    ASSERT_EQ(once.store_calls, again.store_calls) << "seed " << seed;
  }
}

}  // namespace
