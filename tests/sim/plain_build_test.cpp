// A normal build has nothing of the planted bugs in it.
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "engine/planted.hpp"

namespace {

#ifdef SLUICE_PLANTED_BUGS
#  error "this test belongs to the program that is built without planted bugs"
#endif
static_assert(!SLUICE_BUG(no_fence));

std::string bytes_of(const std::string& library) {
  std::ifstream in(std::string(SLUICE_BINARY_DIR) + library, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(a_normal_build, has_no_planted_bugs) {
  for (const char* library : {"/core/engine/libsluice-engine.a", "/core/store/libsluice-store-common.a"}) {
    const std::string bytes = bytes_of(library);
    ASSERT_GT(bytes.size(), 10'000U) << library;
    EXPECT_EQ(bytes.find("7planted"), std::string::npos) << library << " refers to namespace planted";
  }
}

TEST(a_planted_build, would_be_noticed) {
  // The simulation's own library, which this program does not use, where it has been built.
  const std::string bytes = bytes_of("/tests/sim/libsluice-planted.a");
  if (bytes.empty()) GTEST_SKIP() << "it is not built";
  EXPECT_NE(bytes.find("7planted"), std::string::npos);
}

}  // namespace
