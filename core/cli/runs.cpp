// `sluice runs|rejects|deferred …`: what has happened, read from the store.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "host/open.hpp"
#include "host/receipt.hpp"

namespace sluice::cli {

namespace {

struct list_options {
  std::string pipeline, tenant, state, run_id;
  int limit = 50;
};

// Opens the store of a pipeline for looking only, and hands a session over.
int with_session(app& a, const std::string& manifest, const std::function<int(engine::session&)>& look) {
  const auto pipeline = a.load(manifest);
  if (!pipeline) return exit_code::bad_manifest;
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  store::store_options options = host::store_options_of(*pipeline, secrets);
  options.read_only = true;
  const auto store = store::open_store(options);
  store->check_version();
  return look(*store->open_session());
}

void print_run(const engine::run_row& r) {
  std::printf("%s  %-10s %-10s %-9s %s\n", r.run_id.c_str(), r.tenant.c_str(),
              std::string(engine::to_string(r.state)).c_str(), r.backend.c_str(), r.error.c_str());
}

int list_runs(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    const auto rows = s.list_runs({o.tenant, o.state, {}, o.limit});
    if (a.options().json) {
      nlohmann::json out = nlohmann::json::array();
      for (const engine::run_row& r : rows) out.push_back(host::receipt_json(r));
      std::printf("%s\n", out.dump(2).c_str());
    } else {
      for (const engine::run_row& r : rows) print_run(r);
    }
    return exit_code::good;
  });
}

int show_run(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    const auto row = s.show_run(o.run_id);
    if (!row) {
      throw engine::failure(engine::failure_class::invalid, "SLU-7012",
                            "no run `" + o.run_id + "`; `sluice runs list --pipeline FILE` shows what there is");
    }
    if (a.options().json) {
      std::printf("%s\n", host::receipt_json(*row).dump(2).c_str());
    } else {
      std::printf("%s", host::receipt_text(*row).c_str());
    }
    return exit_code::good;
  });
}

int list_rejects(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    nlohmann::json out = nlohmann::json::array();
    for (const engine::reject_row& r : s.list_rejects(o.tenant, o.run_id, o.limit)) {
      if (a.options().json) {
        out.push_back({{"id", r.id}, {"run_id", r.run_id}, {"tenant", r.tenant}, {"stage", r.stage},
                       {"item", r.item}, {"page", r.page_seq}, {"record", r.what.ordinal},
                       {"stream", r.what.stream}, {"key", r.what.key}, {"field", r.what.field},
                       {"reason", r.what.reason}, {"raw", r.what.raw}});
        continue;
      }
      std::printf("%s page %lld record %lld  %s %s: %s %s\n", r.stage.c_str(), static_cast<long long>(r.page_seq),
                  static_cast<long long>(r.what.ordinal), r.what.stream.c_str(), r.what.key.c_str(),
                  r.what.field.c_str(), r.what.reason.c_str());
    }
    if (a.options().json) {
      std::printf("%s\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    }
    return exit_code::good;
  });
}

int list_deferred(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    nlohmann::json out = nlohmann::json::array();
    for (const engine::deferred_row& r : s.list_deferred(o.tenant, o.limit)) {
      if (a.options().json) {
        out.push_back({{"tenant", r.tenant}, {"stream", r.stream}, {"key", r.key}, {"reference", r.reference},
                       {"parent_stream", r.parent_stream}, {"parent_key", r.parent_key}, {"run_id", r.run_id},
                       {"first_seen_us", r.first_seen_us}, {"expires_us", r.expires_us}});
        continue;
      }
      std::printf("%s %s waits for %s %s (%s)\n", r.stream.c_str(), r.key.c_str(), r.parent_stream.c_str(),
                  r.parent_key.c_str(), r.reference.c_str());
    }
    if (a.options().json) std::printf("%s\n", out.dump(2).c_str());
    return exit_code::good;
  });
}

using command = int (*)(app&, const list_options&);

CLI::App* add_list(CLI::App& group, const char* name, const char* what, common_options& options, int& result,
                   const std::shared_ptr<list_options>& o, command run) {
  CLI::App* c = group.add_subcommand(name, what);
  c->add_option("--pipeline", o->pipeline, "The manifest that says which store")->required();
  c->callback([&options, &result, o, run] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
  return c;
}

}  // namespace

void add_runs(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<list_options>();
  CLI::App* runs = cli.add_subcommand("runs", "Runs, the newest first");
  runs->require_subcommand(1);
  CLI::App* list = add_list(*runs, "list", "One line a run", options, result, o, list_runs);
  list->add_option("--tenant", o->tenant);
  list->add_option("--state", o->state);
  list->add_option("--limit", o->limit)->check(CLI::Range(1, 1000))->capture_default_str();
  add_list(*runs, "show", "The receipt of one run", options, result, o, show_run)
      ->add_option("RUN", o->run_id)->required();

  CLI::App* rejects = cli.add_subcommand("rejects", "Records and rows that could not be taken, with the reason");
  rejects->require_subcommand(1);
  CLI::App* refused = add_list(*rejects, "list", "One line a reject", options, result, o, list_rejects);
  refused->add_option("--tenant", o->tenant);
  refused->add_option("--run", o->run_id);
  refused->add_option("--limit", o->limit)->check(CLI::Range(1, 100'000))->capture_default_str();

  CLI::App* deferred = cli.add_subcommand("deferred", "Rows that wait for the row that they refer to");
  deferred->require_subcommand(1);
  CLI::App* waiting = add_list(*deferred, "list", "One line a row", options, result, o, list_deferred);
  waiting->add_option("--tenant", o->tenant);
  waiting->add_option("--limit", o->limit)->check(CLI::Range(1, 100'000))->capture_default_str();
}

}  // namespace sluice::cli
