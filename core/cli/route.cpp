// `sluice route`: which backend a tenant's runs go to, and what each rule has to do with it.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/route.hpp"
#include "host/open.hpp"
#include "host/stored_facts.hpp"

namespace sluice::cli {

std::unique_ptr<store::store> open_to_look(store::store_options options) {
  if (options.uses == "sqlite" && !std::filesystem::exists(options.path)) return nullptr;
  options.read_only = true;
  auto store = store::open_store(options);
  if (store->describe().schema == 0) return nullptr;
  store->check_version();
  return store;
}

namespace {

struct route_options {
  std::string pipeline, tenant;
};

int route(app& a, const route_options& o) {
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  host::check_tenant(*pipeline, o.tenant);
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = open_to_look(host::store_options_of(*pipeline, secrets));
  const auto session = store ? store->open_session() : nullptr;
  host::facts_setup setup{*pipeline, o.tenant, {}, {}};
  if (session) setup.ask = [&](const std::function<void(engine::session&)>& question) { question(*session); };
  host::stored_facts facts(setup);
  const host::routed to = host::choose_backend(*pipeline, o.tenant, {}, facts, true);
  if (a.options().json) {
    nlohmann::json out = route_json(*pipeline, to);
    out["tenant"] = o.tenant;
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("%s", route_text(*pipeline, o.tenant, to).c_str());
  }
  return exit_code::good;
}

}  // namespace

void add_route(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<route_options>();
  CLI::App* c = cli.add_subcommand("route", "Which backend the runs of a tenant go to, and why");
  c->add_option("PIPELINE", o->pipeline, "The manifest")->required();
  c->add_option("--tenant", o->tenant, "Whose runs")->required()->type_name("TENANT");
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return route(a, *o); }); });
}

}  // namespace sluice::cli
