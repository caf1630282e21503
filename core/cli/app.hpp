// What every command starts from: the options common to all, the log, the installed plugins, and the
// one place where failures become exit codes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/secrets.hpp"
#include "host/settings.hpp"
#include "manifest/check.hpp"
#include "observe/log.hpp"
#include "plugin/loader.hpp"

namespace CLI {
class App;
}

namespace sluice::cli {

// Stable: scripts rely on them.
namespace exit_code {
inline constexpr int good = 0, failed = 1, usage = 2, partial = 3, held = 4, later = 75, bad_manifest = 78,
                     cancelled = 130;
}

struct common_options {
  std::string config;                // host.yaml
  std::vector<std::string> plugins;  // instead of the host file's
  std::string log_level;
  bool json = false;
};

// The secrets that are known, and the log that hides them.
class app {
 public:
  explicit app(const common_options& options);

  [[nodiscard]] const common_options& options() const noexcept { return options_; }
  [[nodiscard]] const host::settings& settings() const noexcept { return settings_; }
  [[nodiscard]] observe::logger& log() noexcept { return *log_; }
  [[nodiscard]] observe::redactor& redactor() noexcept { return redactor_; }
  [[nodiscard]] const plugin::catalog& catalog();
  [[nodiscard]] std::optional<plugin::lock_file> lock() const;

  // The checked manifest; nothing: its diagnostics have been printed and the command exits with 78.
  [[nodiscard]] std::optional<manifest::pipeline> load(const std::string& manifest);
  // Only its name and its store: for whoever looks at what has happened. What is wrong elsewhere in
  // the manifest, or not set in this shell, doesn't matter.
  [[nodiscard]] std::optional<manifest::pipeline> load_store(const std::string& manifest);
  // Only its tenants and sources: for whoever looks at an upstream before anything is synced from it.
  [[nodiscard]] std::optional<manifest::pipeline> load_sources(const std::string& path);
  [[nodiscard]] const std::string& manifest() const noexcept { return manifest_; }

  // One line on standard error: for people on a terminal, a line of the log elsewhere.
  void say(observe::log_level level, const observe::log_context& about, const std::string& text);

 private:
  void tell(const std::vector<manifest::diagnostic>& all);

  common_options options_;
  host::settings settings_;
  observe::redactor redactor_;
  std::unique_ptr<observe::logger> log_;
  std::optional<plugin::catalog> catalog_;
  std::string manifest_;
};

// Whether a person reads standard error.
[[nodiscard]] bool on_terminal();

// Tells of an error on standard error and, with --json, on standard output. `who` may be null.
void complain(app* who, bool json, const std::string& code, const std::string& message);

// Runs a command: what it throws is printed as one line and becomes an exit code.
[[nodiscard]] int guarded(const common_options& options, const std::function<int(app&)>& command);

void add_cancel(CLI::App& runs, common_options& options, int& result);
void add_approve(CLI::App& runs, common_options& options, int& result);
void add_watch(CLI::App& runs, common_options& options, int& result);
void add_retry(CLI::App& runs, common_options& options, int& result);
void add_rejects_retry(CLI::App& rejects, common_options& options, int& result);
// Each adds its subcommands; `result` is what main returns.
void add_check(CLI::App& cli, common_options& options, int& result);
void add_plugins(CLI::App& cli, common_options& options, int& result);
void add_run(CLI::App& cli, common_options& options, int& result);
void add_runs(CLI::App& cli, common_options& options, int& result);
void add_tenants(CLI::App& cli, common_options& options, int& result);
void add_store(CLI::App& cli, common_options& options, int& result);
void add_serve(CLI::App& cli, common_options& options, int& result);
void add_retention(CLI::App& cli, common_options& options, int& result);
void add_verify(CLI::App& cli, common_options& options, int& result);
void add_probe(CLI::App& cli, common_options& options, int& result);
void add_plan(CLI::App& cli, common_options& options, int& result);

}  // namespace sluice::cli
