// The checkpoint protocol, exhaustively: no order of crashes, take-overs and lost answers breaks it,
// and every rule of it is needed.
#include <gtest/gtest.h>

#include "model.hpp"

namespace sluice::sim::model {
namespace {

std::string told(const result& r) {
  std::string out = r.broken;
  for (const std::string& s : r.steps) out += "\n  " + s;
  return out;
}

// covers: P2, P4, P9, P13
TEST(checkpoint_protocol, holds_in_every_state) {
  const result r = explore({});
  std::printf("%zu states\n", r.states);
  EXPECT_EQ(r.broken, "") << told(r);
  EXPECT_GT(r.states, 10'000U);
}

void expect_needed(const rules& without, const char* what) {
  const result r = explore(without);
  EXPECT_NE(r.broken, "") << "the protocol holds also without: " << what;
  std::printf("without %s: %s, in %zu steps\n", what, r.broken.c_str(), r.steps.size());
}

TEST(checkpoint_protocol, needs_a_compare_and_set) {
  expect_needed({.compares_page = false, .compares_epoch = false}, "comparing page and epoch");
}
TEST(checkpoint_protocol, needs_one_transaction) {
  expect_needed({.rows_with_checkpoint = false}, "one transaction");
}
TEST(checkpoint_protocol, needs_doubt_to_be_looked_up) {
  expect_needed({.compares_page = false, .looks_up_doubt = false}, "looking up, and comparing");
}
TEST(checkpoint_protocol, needs_doubt_not_to_be_success) {
  expect_needed({.looks_up_doubt = false, .doubt_is_done = true}, "doubt");
}

}  // namespace
}  // namespace sluice::sim::model
