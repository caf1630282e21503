// The engine on virtual time. SLUICE_SIM_SEEDS says how many seeds.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "seeds.hpp"

namespace sluice::sim {
namespace {

std::uint64_t seeds_of_tier() {
  if (const char* seeds = std::getenv("SLUICE_SIM_SEEDS")) return std::stoull(seeds);
  const char* tier = std::getenv("SLUICE_TEST_TIER");
  return tier != nullptr && std::string(tier) == "full" ? 20'000 : 500;
}

// covers: P1, P2, P3, P4, P6, P7, P9, P11, P13, P14, S2, H1, H8
TEST(simulation, keeps_its_promises_whatever_the_seed) {
  const tally t = play_all(1, seeds_of_tier());
  std::printf("%s\n", t.text().c_str());
  RecordProperty("seeds", std::to_string(t.seeds));
  ASSERT_EQ(t.broken, "") << "replay: sluice-sim --seed " << t.failed_seed << " --trace";
  if (t.seeds < 100) return;
  // It is no test without what it is for.
  const auto seeds = static_cast<long long>(t.seeds);
  EXPECT_GT(t.crashes, seeds);
  EXPECT_GT(t.pauses, seeds / 4);
  EXPECT_GT(t.take_overs, seeds / 2);
  EXPECT_GT(t.overlaps, seeds);
  EXPECT_GT(t.early_pages, seeds);
}

TEST(simulation, is_the_same_again_for_the_same_seed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto once = play(seed), again = play(seed);
    ASSERT_EQ(once.trace, again.trace) << "seed " << seed;
    ASSERT_EQ(once.store_calls, again.store_calls) << "seed " << seed;
  }
}

}  // namespace
}  // namespace sluice::sim
