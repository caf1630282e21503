// bad/NAME.yaml → bad/NAME.txt, to the letter. UPDATE_GOLDEN=1 writes the texts anew; read what changed.
#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "fake_catalog.hpp"

namespace sluice::manifest {
namespace {

using namespace testing;

std::vector<std::string> bad_manifests() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(here() / "bad")) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path().stem().string());
  }
  std::ranges::sort(out);
  return out;
}

class bad_manifest : public ::testing::TestWithParam<std::string> {};

// covers: P19, M1, M2, M3, M4, M5, M7, M8
TEST_P(bad_manifest, has_exactly_these_diagnostics) {
  const std::filesystem::path golden = here() / "bad" / (GetParam() + ".txt");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(here() / "bad");  // so that diagnostics name the file alone
  const check_result result = check_file(GetParam() + ".yaml", fake_catalog(), fake_environment());
  std::filesystem::current_path(before);
  const std::string text = render_text(result.diagnostics);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(text.find("CANARY"), std::string::npos)
      << "a value of the environment or a literal secret shows up";
  EXPECT_EQ(render_json(result.diagnostics).find("CANARY"), std::string::npos);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(golden, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, read_file(golden));
}

INSTANTIATE_TEST_SUITE_P(all, bad_manifest, ::testing::ValuesIn(bad_manifests()), [](const auto& each) {
  std::string name = each.param;
  std::ranges::replace(name, '-', '_');
  return "m" + name;
});

// covers: P19
TEST(bad_manifests, are_at_least_45) { EXPECT_GE(bad_manifests().size(), 45U); }

}  // namespace
}  // namespace sluice::manifest
