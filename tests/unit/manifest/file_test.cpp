// Files that are no manifests, made here: folders, pipes, huge, deep and wide ones.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "fake_catalog.hpp"

namespace sluice::manifest {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class odd_file : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "manifest-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The one diagnostic of a file.
  diagnostic only(const fs::path& path) {
    const auto before = std::chrono::steady_clock::now();
    const check_result r = check_file(path.string(), fake_catalog(), fake_environment());
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
    EXPECT_FALSE(r.ok());
    EXPECT_EQ(r.diagnostics.size(), 1U) << render_text(r.diagnostics);
    return r.diagnostics.empty() ? diagnostic{} : r.diagnostics[0];
  }
  fs::path write(const std::string& text) {
    const fs::path path = folder_ / "m.yaml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  fs::path folder_;
};

// covers: M11
TEST_F(odd_file, a_folder_is_refused) {
  const diagnostic d = only(folder_);
  EXPECT_EQ(d.code, "SLU-1001");
  EXPECT_EQ(render_text(d), "error[SLU-1001]: can't read `" + folder_.string() + "`: it is a folder\n --> " +
                                folder_.string() + "\n  = help: give the path of a regular file\n");
}

// covers: M11
TEST_F(odd_file, a_missing_one_is_named) {
  EXPECT_EQ(only(folder_ / "nowhere.yaml").message,
            "can't read `" + (folder_ / "nowhere.yaml").string() + "`: there is no such file");
}

// covers: M11
TEST_F(odd_file, a_named_pipe_without_a_writer_does_not_hang) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_NE(only(folder_ / "pipe").message.find("it is a named pipe"), std::string::npos);
}

// covers: M11
TEST_F(odd_file, a_device_is_refused) {
  EXPECT_NE(only("/dev/zero").message.find("it is not a regular file"), std::string::npos);
}

// covers: M11
TEST_F(odd_file, without_permission_is_said_so) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const fs::path path = write("sluice: 1\n");
  fs::permissions(path, fs::perms::none);
  EXPECT_NE(only(path).message.find("permission denied"), std::string::npos);
}

// covers: M11
TEST_F(odd_file, of_one_gigabyte_is_refused_unread) {
  const fs::path path = write("");
  ASSERT_EQ(truncate(path.c_str(), 1 << 30), 0);
  const diagnostic d = only(path);
  EXPECT_EQ(d.code, "SLU-1005");
  EXPECT_NE(d.message.find("it is larger than 1 MiB"), std::string::npos);
}

// covers: M6, P25
TEST_F(odd_file, five_thousand_deep_is_refused_at_its_33rd_level) {
  for (const char* opening : {"[", "{ a: ", "? ", "- "}) {
    std::string text = "sluice: 1\nname:\n  ";
    for (int i = 0; i < 5000; ++i) text += opening;
    const check_result r = check_file(write(text).string(), fake_catalog(), fake_environment());
    ASSERT_FALSE(r.diagnostics.empty());
    EXPECT_EQ(r.diagnostics.back().code, "SLU-1005") << opening;
    EXPECT_EQ(r.diagnostics.back().message, "nested deeper than 32 levels");
  }
}

// covers: M6, P25
TEST_F(odd_file, deep_by_indentation_is_refused_too) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  const diagnostic d = only(write(text));
  EXPECT_EQ(d.code, "SLU-1005");
  EXPECT_EQ(d.at.line, 33);
}

// covers: M6, P25
TEST_F(odd_file, of_too_many_values_is_refused) {
  std::string text = "x-all: [";
  for (int i = 0; i < 60'000; ++i) text += "1,";
  EXPECT_EQ(only(write(text + "]\n")).message, "more than 50000 values");
}

// covers: P19
TEST_F(odd_file, with_a_thousand_errors_shows_fifty) {
  std::string text = "sluice: 1\n";
  for (int i = 0; i < 1000; ++i) text += "unknown-" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(check_file(write(text).string(), fake_catalog(), fake_environment()).diagnostics.size(), 50U);
}

// covers: M6, P25
TEST_F(odd_file, damaged_anywhere_is_checked_to_the_end) {
  const std::string good = read_file(here() / "good/everything.yaml");
  const fake_catalog catalog;
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  constexpr std::string_view odd = "{}[]:,&*!|>'\"%@`#?- \n\t$~^/0";
  for (int i = 0; i < 400; ++i) {
    std::string text = good;
    for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = odd[below(odd.size())]; break;
        case 1: text.erase(at, 1 + below(20)); break;
        case 2: text.insert(at, text.substr(below(text.size()), below(40))); break;
        default: text.resize(at + 1); break;
      }
    }
    const check_result r = check_text("m.yaml", text, catalog, fake_environment());
    const auto is_error = [](const diagnostic& d) { return d.severity == severity::error; };
    ASSERT_NE(r.ok(), std::ranges::any_of(r.diagnostics, is_error)) << text;
    ASSERT_EQ(render_text(r.diagnostics).find("CANARY"), std::string::npos) << text;
  }
}

// covers: M6, P25
TEST_F(odd_file, of_many_keys_is_checked_quickly) {
  std::string text = "sluice: 1\nx-all:\n";
  for (int i = 0; i < 24'000; ++i) text += "  k" + std::to_string(i) + ": 1\n";
  const auto before = std::chrono::steady_clock::now();
  (void)check_file(write(text).string(), fake_catalog(), fake_environment());
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

// covers: M11
TEST_F(odd_file, good_with_a_mark_and_carriage_returns_passes) {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : read_file(here() / "good/sign-in.yaml"))
    text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const check_result r = check_file(write(text).string(), fake_catalog(), fake_environment());
  EXPECT_TRUE(r.ok()) << render_text(r.diagnostics);
}

// covers: M4, P22
TEST_F(odd_file, of_a_secret_must_be_closed_to_others) {
  const std::string text = "acme: { secrets: { crm: \"${secret:file:token}\" } }\n";
  const auto message = [&](fs::perms mode, const std::string& content) {
    std::ofstream(folder_ / "token", std::ios::binary) << content;
    fs::permissions(folder_ / "token", mode);
    const tenants_result r = check_tenants_file(write(text).string(), fake_environment());
    return r.diagnostics.empty() ? r.tenants->known.at("acme").secrets.at("crm") : r.diagnostics[0].message;
  };
  const auto private_mode = fs::perms::owner_read | fs::perms::owner_write;
  EXPECT_EQ(message(private_mode | fs::perms::others_read, "CANARY"),
            "the secret file `token` can't be used: anyone on this machine can read it");
  EXPECT_EQ(message(private_mode, ""), "the secret file `token` can't be used: it is empty");
  EXPECT_EQ(message(private_mode, "CANARY"), "${secret:file:" + (folder_ / "token").string() + "}");
}

TEST_F(odd_file, of_tenants_is_read_with_the_manifest_and_alone) {
  std::ofstream(folder_ / "tenants.yaml") << "globex: { vars: { realm: g } }\nhooli:\n";
  std::string text = read_file(here() / "good/sign-in.yaml");
  text.replace(text.find("  acme: {"), 9, "  from: tenants.yaml\n  acme: {");
  text.replace(text.find("auth:   { bearer: \"${tenant.secrets.crm}\" }"), 43, "compress: true");
  const check_result r = check_file(write(text).string(), fake_catalog(), fake_environment());
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  EXPECT_EQ(r.pipeline->tenants.known.size(), 3U);
  EXPECT_EQ(r.pipeline->tenants.from, (folder_ / "tenants.yaml").string());
  EXPECT_EQ(check_tenants_file(r.pipeline->tenants.from, fake_environment()).tenants->known.size(), 2U);
  std::ofstream(folder_ / "tenants.yaml") << "globex: { var: { realm: g } }\n";
  const check_result bad = check_file(write(text).string(), fake_catalog(), fake_environment());
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.diagnostics[0].message, "tenants.yaml:1:11: unknown key `var`");
}

}  // namespace
}  // namespace sluice::manifest
