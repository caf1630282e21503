// `sluice advise`: which tenants should run elsewhere, by the history, and what that has gained others.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/route.hpp"
#include "host/advice.hpp"
#include "host/open.hpp"
#include "host/route.hpp"

namespace sluice::cli {

namespace {

struct advise_options {
  std::string pipeline, tenant;
  int days = 28;
};

int advise(app& a, const advise_options& o) {
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  if (!o.tenant.empty()) host::check_tenant(*pipeline, o.tenant);
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = open_to_look(host::store_options_of(*pipeline, secrets));
  if (!store) {
    throw engine::failure(
        engine::failure_class::invalid, "SLU-7028",
        "there is no history yet: advice is made of runs; `sluice run` or `sluice serve` first");
  }
  host::advice_ask ask;
  ask.tenant = o.tenant;
  ask.window_us = o.days * 86'400'000'000LL;
  const nlohmann::json report = host::advice_report(*store->open_session(), *pipeline, ask);
  std::printf("%s", a.options().json ? (report.dump(2) + "\n").c_str() : host::advice_text(report).c_str());
  return exit_code::good;
}

}  // namespace

void add_advise(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<advise_options>();
  CLI::App* c = cli.add_subcommand(
      "advise", "Which tenants are over a threshold, how backends compare, and the line that moves a tenant");
  c->add_option("PIPELINE", o->pipeline, "The manifest")->required();
  c->add_option("--tenant", o->tenant, "Only this tenant")->type_name("TENANT");
  c->add_option("--days", o->days, "How far back")->check(CLI::Range(1, 366))->capture_default_str();
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return advise(a, *o); }); });
}

}  // namespace sluice::cli
