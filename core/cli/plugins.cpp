// `sluice plugins …`: what is installed, whether it may be loaded, and the lock file.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "cli/doctor.hpp"
#include "plugin/report.hpp"

namespace sluice::cli {

namespace {

std::string components_of(const nlohmann::json& plugin) {
  std::string out;
  for (const nlohmann::json& c : plugin.at("components")) {
    out +=
        (out.empty() ? "" : ", ") + c.at("kind").get<std::string>() + " " + c.at("name").get<std::string>();
  }
  return out;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  return object.at(key).get<std::string>();
}

std::string version_of(const nlohmann::json& plugin) {
  const std::string version = text_of(plugin, "version");
  return version.empty() ? "?" : version;
}

// Where plugins were looked for: "no such plugin" mostly means that this is not what one thinks.
void say_where(app& a) {
  std::string folders;
  for (const auto& folder : a.settings().plugin_folders)
    folders += (folders.empty() ? "" : ", ") + folder.string();
  a.say(observe::log_level::info, {},
        "searched: " + (folders.empty() ? "no folder; name one with --plugins" : folders));
}

int list(app& a) {
  const nlohmann::json report = plugin::list_report(a.catalog());
  if (a.options().json) {
    std::printf("%s\n", report.dump(2).c_str());
    return exit_code::good;
  }
  for (const nlohmann::json& p : report.at("plugins")) {
    std::printf("%-12s %-8s %s%s\n", text_of(p, "name").c_str(), version_of(p).c_str(),
                components_of(p).c_str(),
                p.at("broken").get<bool>() ? "  BROKEN: see `sluice plugins doctor`" : "");
  }
  say_where(a);
  for (const nlohmann::json& p : report.at("problems")) {
    const bool warning = text_of(p, "severity") == "warning";
    a.say(warning ? observe::log_level::warn : observe::log_level::error, {.code = text_of(p, "code")},
          text_of(p, "line"));
  }
  return exit_code::good;
}

int show(app& a, const std::string& name) {
  std::printf("%s\n", plugin::show_report(a.catalog(), name).dump(2).c_str());
  return exit_code::good;
}

int pin_installed(app& a, const std::string& file) {
  const plugin::lock_file pins = plugin::lock_file::of(a.catalog());
  if (file == "-") {
    std::printf("%s", pins.text().c_str());
  } else {
    pins.write(file);
    a.say(observe::log_level::info, {},
          "pinned " + std::to_string(pins.pins().size()) + " plugins in " + file +
              "; name it as `lock:` in the host file");
  }
  return exit_code::good;
}

}  // namespace

void add_plugins(CLI::App& cli, common_options& options, int& result) {
  CLI::App* group = cli.add_subcommand("plugins", "The installed plugins");
  group->require_subcommand(1);
  const auto name = std::make_shared<std::string>();
  const auto file = std::make_shared<std::string>("sluice.lock");
  const auto manifest = std::make_shared<std::string>();

  group->add_subcommand("list", "Every plugin and what it offers; runs none of their code")
      ->callback([&options, &result] { result = guarded(options, list); });
  CLI::App* one = group->add_subcommand("show", "One plugin in full: streams, schemas, reads");
  one->add_option("NAME", *name, "The plugin, as `plugins list` has it")->required();
  one->callback(
      [&options, &result, name] { result = guarded(options, [&](app& a) { return show(a, *name); }); });
  CLI::App* checks =
      group->add_subcommand("doctor", "Every check of every plugin, and what to do where one fails");
  checks
      ->add_option("--pipeline", *manifest, "A manifest: its backends are asked, too, whether they take runs")
      ->type_name("FILE");
  checks->callback([&options, &result, manifest] {
    result = guarded(options, [&](app& a) { return doctor(a, *manifest); });
  });
  CLI::App* pin = group->add_subcommand("lock", "Pin what is installed now, so that nothing else is loaded");
  pin->add_option("--output", *file, "The lock file; - for standard output")->capture_default_str();
  pin->callback([&options, &result, file] {
    result = guarded(options, [&](app& a) { return pin_installed(a, *file); });
  });
}

}  // namespace sluice::cli
