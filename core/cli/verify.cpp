// `sluice verify`: whether the store holds what it says.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/interrupt.hpp"
#include "cli/look.hpp"
#include "cli/progress.hpp"
#include "host/dry_run.hpp"
#include "host/open.hpp"
#include "host/verify.hpp"

namespace sluice::cli {

namespace {

struct verify_options {
  std::string pipeline, tenant;
  std::size_t limit = 20;
  bool against_upstream = false;
};

void print(app& a, const host::verify_report& report, const std::vector<std::string>& not_compared) {
  if (a.options().json) {
    nlohmann::json out = to_json(report);
    out["not_compared"] = not_compared;
    std::printf("%s\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s", to_text(report).c_str());
  for (const std::string& why : not_compared) std::printf("not compared: %s\n", why.c_str());
}

void look_at_store(engine::session& session, host::verifier& verifier, const std::string& tenant) {
  require_tenant(session, tenant);
  verifier.rows();
  verifier.deferred();
  verifier.runs();
}

int verify_store(app& a, const verify_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    host::verifier verifier(s, o.tenant, o.limit);
    look_at_store(s, verifier, o.tenant);
    print(a, verifier.report(), {});
    return verifier.report().good() ? exit_code::good : exit_code::failed;
  });
}

int verify_against_upstream(app& a, const verify_options& o) {
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  plugin::loader loader(a.catalog(), a.lock());
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  store::store_options options = host::store_options_of(*pipeline, secrets);
  options.read_only = true;
  const auto store = store::open_store(options);
  store->check_version();
  const auto session = store->open_session();
  host::verifier verifier(*session, o.tenant, o.limit);
  look_at_store(*session, verifier, o.tenant);
  catch_interrupts();
  progress_view progress(on_terminal(), a.log());
  host::dry_ask ask;
  ask.tenant = o.tenant;
  ask.show = o.limit;
  ask.on_progress = [&](const engine::progress& p) { progress.update(p); };
  ask.cancelled = interrupted;
  const auto not_compared = host::compare_with_upstream(
      {*pipeline, a.catalog(), loader, a.log(), secrets, store.get()}, ask, verifier);
  progress.finish();
  print(a, verifier.report(), not_compared);
  if (interrupted()) return exit_code::cancelled;
  return verifier.report().good() && not_compared.empty() ? exit_code::good : exit_code::failed;
}

}  // namespace

void require_tenant(engine::session& session, const std::string& tenant) {
  std::string known;
  int shown = 0;
  for (const engine::tenant_row& t : session.list_tenants()) {
    if (t.tenant == tenant) return;
    if (++shown <= 8) known += (known.empty() ? "`" : ", `") + t.tenant + "`";
  }
  throw engine::failure(engine::failure_class::invalid, "SLU-7025",
                        "this store knows no tenant `" + tenant + "`; it has " +
                            (known.empty() ? "none" : known + (shown > 8 ? ", …" : "")));
}

void add_verify(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<verify_options>();
  CLI::App* c = cli.add_subcommand(
      "verify", "Prove that the store holds what it says: values by their hash, parents, the ledger");
  c->add_option("--pipeline", o->pipeline, "The manifest that says which store")
      ->required()
      ->type_name("FILE");
  c->add_option("--tenant", o->tenant, "Whose rows")->required()->type_name("TENANT");
  c->add_option("--limit", o->limit, "Name at most so many differences")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  c->add_flag("--against-upstream", o->against_upstream, "Read everything again and compare; writes nothing");
  c->callback([&options, &result, o] {
    result = guarded(options, [&](app& a) {
      return o->against_upstream ? verify_against_upstream(a, *o) : verify_store(a, *o);
    });
  });
}

}  // namespace sluice::cli
