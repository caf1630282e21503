// A folder of tenants on disk, and the source that reads it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sluice/testing/call.hpp>
#include <sluice/testing/host.hpp>

#include "files/files.hpp"

namespace sluice::files::test {

class with_files : public testing::Test {
 protected:
  with_files() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-files-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    std::filesystem::create_directory(root_ / "acme");
  }
  ~with_files() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    const auto path = root_ / "acme" / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  [[nodiscard]] files_source make(const std::string& more = "") {
    config_ = R"({"root":")" + root_.string() + "\"" + more + "}";
    return files_source(host_.with(config_));
  }
  static std::string request(const std::string& path, const std::string& more = "") {
    return R"({"name":"t","request":{"path":")" + path + "\"" + more + "}}";
  }

  [[nodiscard]] page fetch(const std::string& read, const std::string& state = "",
                           const std::string& vars = "{}", const std::string& more = "") {
    files_source s = make(more);
    return s.fetch(s.prepare(read), call_.view(), {vars, state});
  }
  // The bodies of all pages.
  [[nodiscard]] std::vector<std::string> all(const std::string& read) {
    std::vector<std::string> out;
    std::string state;
    do {
      const page p = fetch(read, state);
      out.emplace_back(p.body.view());
      state = p.end ? "" : p.next_state;
    } while (!state.empty());
    return out;
  }
  // The code of the failure, and its message.
  [[nodiscard]] std::string failure_of(const std::string& read, const std::string& state = "",
                                       const std::string& vars = "{}", const std::string& more = "") {
    try {
      (void)fetch(read, state, vars, more);
    } catch (const failure& e) {
      return e.code() + " " + e.message();
    }
    return "none";
  }

  std::filesystem::path root_;
  std::string config_;
  testkit::fake_host host_;
  testkit::fake_call call_;
};

}  // namespace sluice::files::test
