// `sluice check` and `sluice schema`: what is wrong with a manifest, and what one may say.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "cli/check.hpp"
#include "engine/failure.hpp"
#include "host/catalog_adapter.hpp"
#include "manifest/schema.hpp"

namespace sluice::cli {

namespace {

std::string count(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string tenants_of(const manifest::pipeline& p) {
  const std::size_t known = p.tenants.known.size();
  if (!p.tenants.open) return count(known, "tenant");
  return known == 0 ? "open to all tenants"
                    : "open to all tenants, " + std::to_string(known) + " of them named";
}

struct check_options {
  std::string path, tenant;
  bool live = false;
};

int check(app& a, const check_options& o) {
  const std::string& path = o.path;
  if (!o.tenant.empty() && !o.live) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7050",
                          "--tenant goes with --live: the manifest itself is the same for all tenants");
  }
  const host::catalog_adapter components(a.catalog());
  const manifest::check_result checked =
      manifest::check_file(path, components, manifest::process_environment());
  if (o.live && checked.ok()) return check_upstreams(a, *checked.pipeline, checked.diagnostics, o.tenant);
  if (a.options().json) {
    std::printf("%s\n", manifest::render_json(checked.diagnostics).c_str());
    return checked.ok() ? exit_code::good : exit_code::bad_manifest;
  }
  // What is found is what was asked for: it goes to standard output.
  if (!checked.diagnostics.empty()) std::printf("%s\n", manifest::render_text(checked.diagnostics).c_str());
  if (checked.ok()) {
    std::printf("%s: good: pipeline `%s`, %s, %s\n", path.c_str(), checked.pipeline->name.c_str(),
                count(checked.pipeline->reads.size(), "read").c_str(), tenants_of(*checked.pipeline).c_str());
  }
  return checked.ok() ? exit_code::good : exit_code::bad_manifest;
}

int schema(app& a) {
  const host::catalog_adapter components(a.catalog());
  std::printf("%s\n", manifest::schema_json(components).c_str());
  return exit_code::good;
}

}  // namespace

void add_check(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<check_options>();
  CLI::App* c = cli.add_subcommand("check", "Check a manifest: every error at once, with its place");
  c->add_option("PIPELINE", o->path, "The manifest")->required();
  c->add_flag("--live", o->live, "Ask the upstreams too: the first page of each read; nothing is stored");
  c->add_option("--tenant", o->tenant, "With --live: only for this one")->type_name("TENANT");
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return check(a, *o); }); });
  CLI::App* s =
      cli.add_subcommand("schema", "Print the JSON Schema of manifests, with the installed plugins");
  s->callback([&options, &result] { result = guarded(options, schema); });
}

}  // namespace sluice::cli
