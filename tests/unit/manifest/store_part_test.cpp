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

}  // namespace
}  // namespace sluice::manifest
