#include "cli/app.hpp"

#include <cstdio>

#include <unistd.h>

#include "engine/failure.hpp"
#include "host/catalog_adapter.hpp"
#include "manifest/diagnostic.hpp"
#include "plugin/error.hpp"

namespace sluice::cli {

namespace {

host::settings settings_of(const common_options& options) {
  host::settings s = options.config.empty() ? host::default_settings() : host::read_settings(options.config);
  if (!options.plugins.empty()) {
    s.plugin_folders.clear();
    for (const std::string& folder : options.plugins) s.plugin_folders.push_back(std::filesystem::absolute(folder));
  }
  // A terminal shows progress; lines of information would tear it apart.
  if (isatty(STDERR_FILENO) == 1 && options.config.empty()) s.log_level = observe::log_level::warn;
  if (!options.log_level.empty()) s.log_level = observe::log_level_from(options.log_level).value_or(s.log_level);
  return s;
}

int exit_of(const engine::failure& f) {
  switch (f.kind()) {
    case engine::failure_class::transient:
    case engine::failure_class::throttled:
    case engine::failure_class::in_doubt:
    case engine::failure_class::fenced: return exit_code::later;
    case engine::failure_class::cancelled: return exit_code::cancelled;
    case engine::failure_class::not_found:
    case engine::failure_class::denied:
    case engine::failure_class::invalid:
    case engine::failure_class::deadline:
    case engine::failure_class::internal: break;
  }
  return exit_code::failed;
}

int complain(app* who, const common_options& options, const std::string& code, const std::string& message,
             int exit) {
  const std::string shown = who != nullptr ? who->redactor().redact(message) : message;
  static_cast<void>(options);
  std::fprintf(stderr, "error[%s]: %s\n", code.c_str(), shown.c_str());
  return exit;
}

}  // namespace

app::app(const common_options& options)
    : options_(options), settings_(settings_of(options)),
      log_(std::make_unique<observe::logger>(observe::log_options{settings_.log_level, STDERR_FILENO}, redactor_)) {}

const plugin::catalog& app::catalog() {
  if (!catalog_) catalog_.emplace(plugin::catalog::scan(settings_.plugin_folders));
  return *catalog_;
}

std::optional<plugin::lock_file> app::lock() const {
  if (!settings_.lock) return std::nullopt;
  return plugin::lock_file::read(*settings_.lock);
}

std::optional<manifest::pipeline> app::load(const std::string& path) {
  for (const plugin::problem& p : catalog().problems()) {
    log_->write(p.warning ? observe::log_level::warn : observe::log_level::error, {.code = p.code}, to_line(p));
  }
  const host::catalog_adapter components(catalog());
  manifest::check_result checked = manifest::check_file(path, components, manifest::process_environment());
  if (!checked.diagnostics.empty()) {
    const std::string text = manifest::render_text(checked.diagnostics);
    std::fprintf(stderr, "%s\n", redactor_.redact(text).c_str());
  }
  return std::move(checked.pipeline);
}

int guarded(const common_options& options, const std::function<int(app&)>& command) {
  std::optional<app> made;
  try {
    made.emplace(options);
    return command(*made);
  } catch (const engine::failure& f) {
    return complain(made ? &*made : nullptr, options, f.code(), f.message(), exit_of(f));
  } catch (const plugin::error& e) {
    return complain(made ? &*made : nullptr, options, e.code(), e.message(), exit_code::bad_manifest);
  } catch (const std::exception& e) {
    return complain(made ? &*made : nullptr, options, "SLU-7099",
                    std::string("unexpected: ") + e.what() + "; this is a defect, please report it",
                    exit_code::failed);
  }
}

}  // namespace sluice::cli
