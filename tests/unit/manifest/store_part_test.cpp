// What a command learns that only looks into the store.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "fake_catalog.hpp"

namespace sluice::manifest {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class store_part : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "manifest-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path write(const std::string& text) {
    const fs::path path = folder_ / "m.yaml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  fs::path folder_;
};

TEST_F(store_part, says_where_its_store_is_whatever_else_is_wrong_or_not_set) {
  const fs::path path = write(
      "sluice: 1\nname: shop\nstore: { uses: sqlite, path: shop.db }\nphase: {}\n"
      "sources: { crm: { uses: nothing, base_url: \"${env:NOT_SET_ANYWHERE}\" } }\n");
  const check_result r = check_store(path.string(), fake_environment());
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  EXPECT_EQ(r.pipeline->name, "shop");
  EXPECT_EQ(r.pipeline->store.uses, "sqlite");
  EXPECT_TRUE(r.pipeline->store.path.ends_with("shop.db"));
}

TEST_F(store_part, without_a_store_can_not_say_where_it_is) {
  const check_result r = check_store(write("sluice: 1\nname: shop\n").string(), fake_environment());
  EXPECT_FALSE(r.ok());
  EXPECT_NE(render_text(r.diagnostics).find("the key `store` is missing"), std::string::npos);
}

// covers: M4
TEST_F(store_part, names_a_variable_that_its_store_needs) {
  const fs::path path =
      write("sluice: 1\nname: shop\nstore: { uses: sqlite, path: \"${env:NOT_SET_ANYWHERE}\" }\n");
  const check_result r = check_store(path.string(), fake_environment());
  ASSERT_EQ(r.diagnostics.size(), 1U);
  EXPECT_EQ(r.diagnostics[0].code, "SLU-1020");
}

TEST_F(store_part, of_a_manifest_with_sources_and_tenants_alone_an_upstream_can_be_asked) {
  const fake_catalog known;
  const std::string sources = "sources: { crm: { uses: http, base_url: \"https://crm.example\" } }\n";
  const check_result r = check_sources(
      write("sluice: 1\nname: shop\ntenants: { acme: {} }\n" + sources).string(), known, fake_environment());
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  EXPECT_NE(r.pipeline->find_source("crm"), nullptr);
  EXPECT_TRUE(r.pipeline->tenants.known.contains("acme"));
  const check_result wrong = check_sources(write("sluice: 1\nsources: { crm: { uses: htp } }\n").string(),
                                           known, fake_environment());
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.diagnostics.front().code, "SLU-1030");
}

TEST_F(store_part, a_place_is_found_as_deep_as_its_keys_lead) {
  const fs::path path = write("a:\n  b:\n    - { c: 1 }\n    - { c: 2,\n        d: 3 }\n");
  const diagnostic d = diagnostic_at(path.string(), {"a", "b", "1", "d"});
  EXPECT_EQ(d.at.line, 5);
  EXPECT_EQ(d.at.column, 9);
  EXPECT_EQ(d.source, "        d: 3 }");
  EXPECT_EQ(diagnostic_at(path.string(), {"a", "b", "7", "d"}).at.line, 2);
  EXPECT_EQ(diagnostic_at(path.string(), {"x"}).at.line, 0);
}

}  // namespace
}  // namespace sluice::manifest
