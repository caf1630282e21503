#include "plugin/rate_gate.hpp"

#include <gtest/gtest.h>

namespace sluice::plugin {

// covers: P16
TEST(rate_gate, lets_a_burst_through_then_counts_what_it_holds_back) {
  rate_gate gate;
  const auto now = rate_gate::clock::now();
  int passed = 0;
  for (int i = 0; i < 300; ++i) passed += gate.pass(now) ? 1 : 0;
  EXPECT_EQ(passed, 200);
  EXPECT_EQ(gate.pass(now + std::chrono::milliseconds(21)), 100U);
  EXPECT_EQ(gate.pass(now + std::chrono::milliseconds(21)), std::nullopt);
  EXPECT_EQ(gate.pass(now + std::chrono::seconds(2)), 1U);
}

}  // namespace sluice::plugin
