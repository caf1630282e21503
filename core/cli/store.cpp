// `sluice migrate`: makes the store's own tables, or brings them up to date.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "host/open.hpp"

namespace sluice::cli {

namespace {

int migrate(app& a, const std::string& manifest) {
  const auto pipeline = a.load_store(manifest);
  if (!pipeline) return exit_code::bad_manifest;
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = store::open_store(host::store_options_of(*pipeline, secrets));
  const store::migration_result done = store->migrate();
  const std::string where = store->describe().location;
  if (a.options().json) {
    std::printf("%s\n",
                nlohmann::json{{"store", where}, {"from", done.from}, {"to", done.to}}.dump(2).c_str());
  } else if (done.from == done.to) {
    std::printf("%s: schema %d, nothing to do\n", where.c_str(), done.to);
  } else {
    std::printf("%s: schema %d -> %d\n", where.c_str(), done.from, done.to);
  }
  return exit_code::good;
}

}  // namespace

void add_store(CLI::App& cli, common_options& options, int& result) {
  const auto path = std::make_shared<std::string>();
  CLI::App* c = cli.add_subcommand("migrate", "Make the store's own tables, or bring them up to date");
  c->add_option("PIPELINE", *path, "The manifest that says which store")->required();
  c->callback(
      [&options, &result, path] { result = guarded(options, [&](app& a) { return migrate(a, *path); }); });
}

}  // namespace sluice::cli
