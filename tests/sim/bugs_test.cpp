// Would the simulation notice? Each planted bug must be found by one of the first 2,000 seeds.
#include <cstdlib>

#include <gtest/gtest.h>

#include "hunt.hpp"
#include "scenario.hpp"

namespace sluice::sim {
namespace {

constexpr std::uint64_t most_seeds = 2'000;

class planted_bug : public ::testing::TestWithParam<planted::bug> {};

TEST_P(planted_bug, is_found) {
  const find f = hunt(GetParam(), 1, most_seeds);
  EXPECT_NE(f.seed, 0U) << planted::name(f.bug) << " was not noticed in " << most_seeds << " seeds";
  std::printf("%s", table({f}).c_str());
}

INSTANTIATE_TEST_SUITE_P(each, planted_bug, ::testing::ValuesIn(all_bugs()),
                         [](const auto& each) { return std::string(planted::name(each.param)); });

TEST(a_planted_build, with_all_bugs_off_keeps_its_promises) {
  planted::choose(planted::bug::none);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) ASSERT_EQ(play(seed).broken, "") << "seed " << seed;
}

}  // namespace
}  // namespace sluice::sim
