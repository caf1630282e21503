// `sluice retention run`: one pass of what a serving host does every hour.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/look.hpp"
#include "host/retention.hpp"

namespace sluice::cli {

namespace {

int run_pass(app& a, engine::session& session) {
  const host::retention_counts removed = host::run_retention(
      a.settings().retention, [&](const engine::retention_request& r) { return session.retain(r); },
      [] { return false; });
  if (a.options().json) {
    std::printf("%s\n", nlohmann::json(removed).dump(2).c_str());
  } else {
    for (const auto& [table, rows] : removed)
      std::printf("%8lld  %s\n", static_cast<long long>(rows), table.c_str());
  }
  if (removed.empty()) a.say(observe::log_level::info, {}, "nothing is old enough to be removed");
  return exit_code::good;
}

}  // namespace

void add_retention(CLI::App& cli, common_options& options, int& result) {
  const auto path = std::make_shared<std::string>();
  CLI::App* retention =
      cli.add_subcommand("retention", "What is kept for how long: `retention` of the host file");
  retention->require_subcommand(1);
  CLI::App* c = retention->add_subcommand(
      "run", "Remove what is old enough: runs with their ledger, rejects, tombstones; how many of what");
  c->add_option("--pipeline", *path, "The manifest that says which store")->required()->type_name("FILE");
  c->callback([&options, &result, path] {
    result = guarded(options, [&](app& a) {
      return with_writer(a, *path, [&](engine::session& s) { return run_pass(a, s); });
    });
  });
}

}  // namespace sluice::cli
