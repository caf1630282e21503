// A plugin folder in a temporary place, filled with fixtures; and a host that remembers what plugins ask.
#pragma once

#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "plugin/catalog.hpp"
#include "plugin/error.hpp"
#include "plugin/host_services.hpp"
#include "plugin/loader.hpp"

namespace sluice::plugin::test {

namespace fs = std::filesystem;

class loader_test : public ::testing::Test {
 protected:
  loader_test() {
    std::string pattern = (fs::temp_directory_path() / "sluice-loader-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = fs::canonical(pattern);
    plugins_ = root_ / "plugins";
    fs::create_directory(plugins_);
    fs::permissions(plugins_, fs::perms::group_write | fs::perms::others_write, fs::perm_options::remove);
  }
  ~loader_test() override { fs::remove_all(root_); }

  // Copies a fixture, as an installer would; returns its library.
  fs::path install(const std::string& fixture) {
    const fs::path from = fs::path(LOADER_FIXTURES) / fixture, to = plugins_ / fixture;
    fs::create_directory(to);
    for (const std::string& file : {std::string("plugin.json"), fixture + ".so"}) {
      fs::copy_file(from / file, to / file);
      fs::permissions(to / file, fs::perms(0644));
    }
    fs::permissions(to, fs::perms(0755));
    return to / (fixture + ".so");
  }

  static void write(const fs::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text;
    ASSERT_TRUE(out.flush().good()) << file;
  }
  static std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void replace(const fs::path& file, const std::string& from, const std::string& to) {
    std::string text = read(file);
    const auto at = text.find(from);
    ASSERT_NE(at, text.npos) << from;
    write(file, text.replace(at, from.size(), to));
  }

  catalog scan() const { return catalog::scan({plugins_}); }

  // "SLU-2013 <plugins>/good/good.so: …", or "loaded".
  std::string refusal(const std::string& name, component_kind kind = component_kind::domain,
                      const std::optional<lock_file>& lock = std::nullopt) const {
    const catalog found = scan();
    loader load(found, lock);
    try {
      (void)load.open(kind, name);
      return "loaded";
    } catch (const error& e) {
      return without_root(e.code() + " " + e.message());
    }
  }

  std::string without_root(std::string text) const {
    const std::string root = root_.string() + "/";
    for (auto at = text.find(root); at != text.npos; at = text.find(root)) text.erase(at, root.size());
    return text;
  }

  fs::path root_, plugins_;
};

// Remembers calls in order, such as "metric_add steps starts 1".
class fake_host : public host_services {
 public:
  void log(observe::log_level level, const observe::log_context& context, std::string_view message,
           std::string_view fields_json) noexcept override {
    note("log " + std::string(observe::to_text(level)) + " " + std::string(context.plugin) + " " +
         std::string(context.tenant) + "|" + std::string(message) + " " + std::string(fields_json));
  }
  std::string expand_secret(std::string_view tenant, std::string_view text) override {
    note("expand_secret " + std::string(tenant) + "|" + std::string(text));
    return "hunter2hunter2";
  }
  void metric_add(std::string_view plugin, std::string_view name, double delta) noexcept override {
    note("metric_add " + std::string(plugin) + " " + std::string(name) + " " + std::to_string(delta));
  }
  void metric_set(std::string_view plugin, std::string_view name, double value) noexcept override {
    note("metric_set " + std::string(plugin) + " " + std::string(name) + " " + std::to_string(value));
  }
  void run_step(std::string_view run_id, std::string_view step_json, step_progress progress,
                step_done done) override {
    note("run_step " + std::string(run_id) + " " + std::string(step_json));
    if (step_json == "refuse") throw error(status::invalid, "SLU-6001", "no such step");
    progress(R"({"pages":1})");
    done(step_outcome::ended, "{}");
  }
  void run_ended(std::string_view run_id) override { note("run_ended " + std::string(run_id)); }

  std::vector<std::string> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

 private:
  void note(std::string call) {
    const std::scoped_lock lock(mutex_);
    calls_.push_back(std::move(call));
  }
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

}  // namespace sluice::plugin::test
