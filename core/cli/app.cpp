#include "cli/app.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "host/catalog_adapter.hpp"
#include "manifest/diagnostic.hpp"
#include "plugin/error.hpp"

namespace sluice::cli {

using observe::log_level;

namespace {

host::settings settings_of(const common_options& options) {
  host::settings s = options.config.empty() ? host::default_settings() : host::read_settings(options.config);
  if (!options.plugins.empty()) {
    s.plugin_folders.clear();
    for (const std::string& folder : options.plugins)
      s.plugin_folders.push_back(std::filesystem::absolute(folder));
  }
  // A terminal shows progress; lines of information would tear it apart.
  if (on_terminal() && options.config.empty()) s.log_level = log_level::warn;
  if (!options.log_level.empty())
    s.log_level = observe::log_level_from(options.log_level).value_or(s.log_level);
  return s;
}

int exit_of(const engine::failure& f) {
  // What the caller has named is not there, or can't be said so.
  constexpr std::string_view mistakes[] = {"SLU-6023", "SLU-6028", "SLU-6040", "SLU-6041", "SLU-6052",
                                           "SLU-6056", "SLU-7001", "SLU-7011", "SLU-7124", "SLU-7012",
                                           "SLU-7014", "SLU-7021", "SLU-7025", "SLU-7026", "SLU-7027",
                                           "SLU-7040", "SLU-7041", "SLU-7050", "SLU-7051", "SLU-7052"};
  if (std::find(std::begin(mistakes), std::end(mistakes), f.code()) != std::end(mistakes))
    return exit_code::usage;
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

std::string for_people(log_level level, std::string_view code, const std::string& text) {
  if (level == log_level::info || level == log_level::debug) return text;
  const std::string what = level == log_level::warn ? "warning" : "error";
  return what + (code.empty() ? "" : "[" + std::string(code) + "]") + ": " + text;
}

std::string place_of(const manifest::position& at) {
  return at.line == 0 ? at.file : at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

std::string in_one_line(const manifest::diagnostic& d) {
  std::string out = place_of(d.at) + ": " + d.message;
  for (const std::string& help : d.help) out += "; " + help;
  return out;
}

void print_json(const nlohmann::json& what) {
  std::printf("%s\n", what.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

// A message of the store names the command; with the manifest it can be typed as it stands.
std::string with_manifest(std::string message, const std::string& manifest) {
  constexpr std::string_view command = "`sluice migrate`";
  const std::size_t at = message.find(command);
  if (at == std::string::npos || manifest.empty()) return message;
  return message.replace(at, command.size(), "`sluice migrate " + manifest + "`");
}

}  // namespace

bool on_terminal() { return isatty(STDERR_FILENO) == 1; }

app::app(const common_options& options)
    : options_(options),
      settings_(settings_of(options)),
      log_(std::make_unique<observe::logger>(observe::log_options{settings_.log_level, STDERR_FILENO},
                                             redactor_)) {}

const plugin::catalog& app::catalog() {
  if (!catalog_) catalog_.emplace(plugin::catalog::scan(settings_.plugin_folders));
  return *catalog_;
}

std::optional<plugin::lock_file> app::lock() const {
  if (!settings_.lock) return std::nullopt;
  return plugin::lock_file::read(*settings_.lock);
}

void app::say(log_level level, const observe::log_context& about, const std::string& text) {
  if (!on_terminal()) return log_->write(level, about, text);
  std::fprintf(stderr, "%s\n", redactor_.redact(for_people(level, about.code, text)).c_str());
}

void app::tell(const std::vector<manifest::diagnostic>& all) {
  if (all.empty()) return;
  if (on_terminal()) {
    std::fprintf(stderr, "%s\n", redactor_.redact(manifest::render_text(all)).c_str());
  } else {
    for (const manifest::diagnostic& d : all) {
      const bool warning = d.severity == manifest::severity::warning;
      log_->write(warning ? log_level::warn : log_level::error, {.code = d.code}, in_one_line(d));
    }
  }
  const auto first = std::ranges::find(all, manifest::severity::error, &manifest::diagnostic::severity);
  if (!options_.json || first == all.end()) return;
  const nlohmann::json diagnostics = nlohmann::json::parse(redactor_.redact(manifest::render_json(all)));
  print_json({{"error", {{"code", first->code}, {"message", redactor_.redact(in_one_line(*first))}}},
              {"diagnostics", diagnostics}});
}

std::optional<manifest::pipeline> app::load(const std::string& path) {
  manifest_ = path;
  for (const plugin::problem& p : catalog().problems()) {
    say(p.warning ? log_level::warn : log_level::error, {.code = p.code}, to_line(p));
  }
  const host::catalog_adapter components(catalog());
  manifest::check_result checked = manifest::check_file(path, components, manifest::process_environment());
  tell(checked.diagnostics);
  return std::move(checked.pipeline);
}

std::optional<manifest::pipeline> app::load_store(const std::string& path) {
  manifest_ = path;
  manifest::check_result checked = manifest::check_store(path, manifest::process_environment());
  tell(checked.diagnostics);
  return std::move(checked.pipeline);
}

std::optional<manifest::pipeline> app::load_sources(const std::string& path) {
  manifest_ = path;
  for (const plugin::problem& p : catalog().problems()) {
    say(p.warning ? log_level::warn : log_level::error, {.code = p.code}, to_line(p));
  }
  const host::catalog_adapter components(catalog());
  manifest::check_result checked = manifest::check_sources(path, components, manifest::process_environment());
  tell(checked.diagnostics);
  return std::move(checked.pipeline);
}

void complain(app* who, bool json, const std::string& code, const std::string& message) {
  const std::string full = who == nullptr ? message : with_manifest(message, who->manifest());
  const std::string shown = who == nullptr ? full : who->redactor().redact(full);
  if (who != nullptr) {
    who->say(log_level::error, {.code = code}, shown);
  } else if (on_terminal()) {
    std::fprintf(stderr, "%s\n", for_people(log_level::error, code, shown).c_str());
  } else {
    const observe::redactor nothing_known;
    observe::logger({}, nothing_known).write(log_level::error, {.code = code}, shown);
  }
  if (json) print_json({{"error", {{"code", code}, {"message", shown}}}});
}

int guarded(const common_options& options, const std::function<int(app&)>& command) {
  std::optional<app> made;
  const auto fail = [&](const std::string& code, const std::string& message, int exit) {
    complain(made ? &*made : nullptr, options.json, code, message);
    return exit;
  };
  try {
    made.emplace(options);
    return command(*made);
  } catch (const engine::failure& f) {
    return fail(f.code(), f.message(), exit_of(f));
  } catch (const plugin::error& e) {
    return fail(e.code(), e.message(), exit_code::bad_manifest);
  } catch (const std::exception& e) {
    return fail("SLU-7099", std::string("unexpected: ") + e.what() + "; this is a defect, please report it",
                exit_code::failed);
  }
}

}  // namespace sluice::cli
