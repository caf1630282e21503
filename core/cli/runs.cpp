// `sluice runs|rejects|deferred …`: what has happened, read from the store.
#include <array>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/look.hpp"
#include "engine/row_key.hpp"
#include "host/cancel.hpp"
#include "host/lists.hpp"
#include "host/open.hpp"
#include "host/receipt.hpp"

namespace sluice::cli {

namespace {

int with_store(app& a, const std::string& manifest, bool read_only,
               const std::function<int(store::store&)>& work) {
  const auto pipeline = a.load_store(manifest);
  if (!pipeline) return exit_code::bad_manifest;
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  store::store_options options = host::store_options_of(*pipeline, secrets);
  options.read_only = read_only;
  const auto store = store::open_store(options);
  store->check_version();
  return work(*store);
}

}  // namespace

int look_into(app& a, const std::string& manifest, const std::function<int(store::store&)>& look) {
  return with_store(a, manifest, true, look);
}

int with_session(app& a, const std::string& manifest, const std::function<int(engine::session&)>& look) {
  return with_store(a, manifest, true, [&](store::store& s) { return look(*s.open_session()); });
}

int with_writer(app& a, const std::string& manifest, const std::function<int(engine::session&)>& work) {
  return with_store(a, manifest, false, [&](store::store& s) { return work(*s.open_session()); });
}

void say_none(app& a, const list_options& o, const std::string& what) {
  std::string filter = o.tenant.empty() ? "" : " of tenant `" + o.tenant + "`";
  if (!o.state.empty()) filter += " that are " + o.state;
  a.say(observe::log_level::info, {.tenant = o.tenant}, "no " + what + filter + " in this store");
}

namespace {

std::string duration_of(const engine::run_row& r) {
  if (r.ended_us == 0) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(r.ended_us - r.created_us) / 1e6);
  return text.data();
}

void print_run(const engine::run_row& r) {
  std::string flags = r.scope.empty() ? "" : "  " + host::scope_text(r.scope);
  if (host::essential_of(r).deadline_missed) flags += "  deadline missed";
  if (const std::string why = host::why_stuck(r); !why.empty()) flags += "  stuck: " + why;
  std::printf("%s  %9s  %-10s %-12s %s%s%s%s\n", host::instant_text(r.created_us).c_str(),
              duration_of(r).c_str(), std::string(engine::to_string(r.state)).c_str(), r.tenant.c_str(),
              r.run_id.c_str(), flags.c_str(), r.error_code.empty() ? "" : "  ",
              (r.error_code + (r.error.empty() ? "" : " " + r.error)).c_str());
}

// The list knows runs alone; their stages and counts are what `show` is for.
nlohmann::json without_stages(nlohmann::json receipt) {
  receipt.erase("stages");
  receipt.erase("streams");
  return receipt;
}

int list_runs(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    const auto rows = s.list_runs({o.tenant, o.state, {}, o.limit});
    if (rows.empty()) say_none(a, o, "runs");
    if (a.options().json) {
      nlohmann::json out = nlohmann::json::array();
      for (const engine::run_row& r : rows) out.push_back(without_stages(host::receipt_json(r)));
      std::printf("%s\n", out.dump(2).c_str());
    } else {
      for (const engine::run_row& r : rows) print_run(r);
    }
    return exit_code::good;
  });
}

int show_run(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    const engine::run_row row = host::find_run(s, o.run_id);
    if (a.options().json) {
      std::printf("%s\n", host::receipt_json(row).dump(2).c_str());
    } else {
      std::printf("%s", host::receipt_text(row, o.pipeline).c_str());
    }
    return exit_code::good;
  });
}

int list_deferred(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    nlohmann::json out = nlohmann::json::array();
    const auto rows = s.list_deferred(o.tenant, o.limit);
    if (rows.empty()) say_none(a, o, "deferred rows");
    for (const engine::deferred_row& r : rows) {
      if (a.options().json) {
        out.push_back(host::deferred_json(r));
        continue;
      }
      std::printf("%s  %s %s waits for %s %s (%s), until %s\n", r.tenant.c_str(), r.stream.c_str(),
                  engine::readable_key(r.key).c_str(), r.parent_stream.c_str(),
                  engine::readable_key(r.parent_key).c_str(), r.reference.c_str(),
                  host::instant_text(r.expires_us).c_str());
    }
    if (a.options().json) std::printf("%s\n", out.dump(2).c_str());
    return exit_code::good;
  });
}

using command = int (*)(app&, const list_options&);

CLI::App* add_list(CLI::App& group, const char* name, const char* what, common_options& options, int& result,
                   const std::shared_ptr<list_options>& o, command run) {
  CLI::App* c = group.add_subcommand(name, what);
  c->add_option("--pipeline", o->pipeline, "The manifest that says which store")
      ->required()
      ->type_name("FILE");
  c->callback([&options, &result, o, run] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
  return c;
}

void add_refused(CLI::App& cli, common_options& options, int& result,
                 const std::shared_ptr<list_options>& o) {
  CLI::App* rejects =
      cli.add_subcommand("rejects", "Records and rows that could not be taken, with the reason");
  rejects->require_subcommand(1);
  CLI::App* refused = add_list(*rejects, "list", "One line a reject", options, result, o, list_rejects);
  add_rejects_retry(*rejects, options, result);
  refused->add_option("--tenant", o->tenant, "Only of this tenant");
  refused->add_option("--run", o->run_id,
                      "Only of this run; else of each tenant's newest one that has ended");
  refused->add_flag("--all", o->all, "Of all runs, older ones too");
  refused->add_option("--limit", o->limit, "At most so many")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();

  CLI::App* deferred = cli.add_subcommand("deferred", "Rows that wait for the row that they refer to");
  deferred->require_subcommand(1);
  CLI::App* waiting = add_list(*deferred, "list", "One line a row", options, result, o, list_deferred);
  waiting->add_option("--tenant", o->tenant, "Only of this tenant");
  waiting->add_option("--limit", o->limit, "At most so many")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
}

}  // namespace

void add_runs(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<list_options>();
  CLI::App* runs = cli.add_subcommand("runs", "Runs, the newest first");
  runs->require_subcommand(1);
  CLI::App* list = add_list(*runs, "list", "One line a run", options, result, o, list_runs);
  list->add_option("--tenant", o->tenant, "Only of this tenant");
  list->add_option("--state", o->state, "Only in this state")
      ->check(CLI::IsMember({"queued", "running", "succeeded", "partial", "held", "failed", "cancelled"}))
      ->type_name("STATE");
  list->add_option("--limit", o->limit, "At most so many")->check(CLI::Range(1, 1000))->capture_default_str();
  add_list(*runs, "show", "The receipt of one run", options, result, o, show_run)
      ->add_option("RUN", o->run_id, "The run, as `runs list` has it")
      ->required();
  add_cancel(*runs, options, result);
  add_approve(*runs, options, result);
  add_watch(*runs, options, result);
  add_retry(*runs, options, result);
  add_tenants(cli, options, result);
  add_plan(cli, options, result);
  add_verify(cli, options, result);
  add_refused(cli, options, result, o);
}

}  // namespace sluice::cli
