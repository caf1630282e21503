// `sluice runs approve` and `sluice tenants`: what only a person may decide.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/host_socket.hpp"
#include "cli/look.hpp"
#include "engine/failure.hpp"
#include "host/cancel.hpp"
#include "host/lists.hpp"
#include "host/receipt.hpp"

namespace sluice::cli {

namespace {

struct decide_options {
  std::string pipeline, run_id, tenant;
  bool yes = false;
};

int approve(app& a, const decide_options& o) {
  const auto show = [&](engine::session& s) {
    const engine::run_row row = host::find_run(s, o.run_id);
    if (a.options().json) {
      std::printf("%s\n", host::receipt_json(row).dump(2).c_str());
    } else {
      std::printf("%s", host::receipt_text(row, o.pipeline).c_str());
    }
    return host::exit_code(row.state);
  };
  if (!a.load_store(o.pipeline)) return exit_code::bad_manifest;
  if (run_at_host(a, o.run_id)) {
    static_cast<void>(body_of(tell_host(a, o.run_id, "approve")));
    return with_session(a, o.pipeline, show);
  }
  return with_writer(a, o.pipeline, [&](engine::session& s) {
    static_cast<void>(host::find_run(s, o.run_id));
    static_cast<void>(s.approve(o.run_id));
    return show(s);
  });
}

int list_tenants(app& a, const decide_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    nlohmann::json out = nlohmann::json::array();
    const auto tenants = s.list_tenants();
    if (tenants.empty()) say_none(a, {}, "tenants");
    for (const engine::tenant_row& t : tenants) {
      out.push_back(host::tenant_json(t));
      if (!a.options().json) {
        std::printf("%-24s first seen %s, last %s\n", t.tenant.c_str(),
                    host::instant_text(t.first_seen_us).c_str(), host::instant_text(t.seen_us).c_str());
      }
    }
    if (a.options().json) std::printf("%s\n", out.dump(2).c_str());
    return exit_code::good;
  });
}

int erase_tenant(app& a, const decide_options& o) {
  if (!o.yes) {
    throw engine::failure(
        engine::failure_class::invalid, "SLU-7014",
        "this removes every row of tenant `" + o.tenant +
            "` for good, of all streams, its runs and its history; say --yes if that is meant");
  }
  return with_writer(a, o.pipeline, [&](engine::session& s) {
    nlohmann::json out = nlohmann::json::object();
    require_tenant(s, o.tenant);
    for (const auto& [table, rows] : s.erase_tenant(o.tenant)) {
      out[table] = rows;
      if (!a.options().json && rows > 0)
        std::printf("%8lld  %s\n", static_cast<long long>(rows), table.c_str());
    }
    if (a.options().json) std::printf("%s\n", out.dump(2).c_str());
    return exit_code::good;
  });
}

using decision = int (*)(app&, const decide_options&);

CLI::App* add_decision(CLI::App& group, const char* name, const char* what, common_options& options,
                       int& result, const std::shared_ptr<decide_options>& o, decision run) {
  CLI::App* c = group.add_subcommand(name, what);
  c->add_option("--pipeline", o->pipeline, "The manifest that says which store")
      ->required()
      ->type_name("FILE");
  c->callback([&options, &result, o, run] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
  return c;
}

}  // namespace

void add_approve(CLI::App& runs, common_options& options, int& result) {
  const auto o = std::make_shared<decide_options>();
  add_decision(runs, "approve", "Delete what a held run has held and nothing has brought since", options,
               result, o, approve)
      ->add_option("RUN", o->run_id, "The run, as `runs list --state held` has it")
      ->required();
}

void add_tenants(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<decide_options>();
  CLI::App* tenants = cli.add_subcommand("tenants", "Tenants that the store knows");
  tenants->require_subcommand(1);
  add_decision(*tenants, "list", "One line a tenant", options, result, o, list_tenants);
  CLI::App* erase = add_decision(*tenants, "erase", "Remove every row of a tenant for good", options, result,
                                 o, erase_tenant);
  erase->add_option("TENANT", o->tenant, "Whose rows")->required();
  erase->add_flag("--yes", o->yes, "It is meant");
}

}  // namespace sluice::cli
