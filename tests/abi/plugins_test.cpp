// What every plugin that was built here shows to a host.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <sluice/testing/plugin_file.hpp>

namespace {

namespace fs = std::filesystem;
namespace testkit = sluice::testkit;

std::vector<std::string> lines_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::vector<std::string> out;
  char line[4096];
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe.get()) != nullptr) {
    out.emplace_back(line, std::string_view(line).find_last_not_of("\n") + 1);
  }
  return out;
}

// Folders with code; a plugin may be its metadata alone.
std::vector<std::string> plugins() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(fs::path(SLUICE_BINARY_DIR) / "plugins")) {
    const fs::path library = entry.path() / (entry.path().filename().string() + ".so");
    if (fs::exists(library)) out.push_back(entry.path().string());
  }
  return out;
}

class plugin : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static std::string library() {
    return GetParam() + "/" + fs::path(GetParam()).filename().string() + ".so";
  }
};

// covers: G11
TEST_P(plugin, exports_exactly_one_symbol) {
  const auto symbols = lines_of("nm -D --defined-only --format=posix '" + library() + "'");
  ASSERT_THAT(symbols, testing::SizeIs(1)) << testing::PrintToString(symbols);
  EXPECT_THAT(symbols[0], testing::StartsWith("sluice_plugin_v1 T "));
}

// covers: G11
TEST_P(plugin, has_no_symbol_that_is_unique_to_the_process) {
  EXPECT_THAT(lines_of("nm '" + library() + "' | grep ' u '"), testing::IsEmpty());
}

TEST_P(plugin, is_never_unloaded_and_bound_at_once) {
  const auto flags = lines_of("readelf -d '" + library() + "' | grep FLAGS_1");
  ASSERT_THAT(flags, testing::SizeIs(1));
  EXPECT_THAT(flags[0], testing::AllOf(testing::HasSubstr("NODELETE"), testing::HasSubstr("NOW")));
}

TEST_P(plugin, carries_the_very_text_of_its_metadata) {
  std::ifstream file(GetParam() + "/plugin.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const sluice_plugin& p = testkit::load_plugin(GetParam());
  EXPECT_EQ(std::string(p.metadata_json.data, p.metadata_json.len), text);
  EXPECT_EQ(p.size, sizeof(sluice_plugin));
  EXPECT_EQ(p.abi_major, 1U);
  for (std::uint32_t i = 0; i < p.component_count; ++i) {
    EXPECT_EQ(p.components[i]->size, sizeof(sluice_component));
    EXPECT_NE(p.components[i]->table, nullptr);
    EXPECT_THAT(text, testing::HasSubstr("\"" + std::string(p.components[i]->name) + "\""));
  }
}

INSTANTIATE_TEST_SUITE_P(built, plugin, testing::ValuesIn(plugins()),
                         [](const auto& tested) { return fs::path(tested.param).filename().string(); });

}  // namespace
