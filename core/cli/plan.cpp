// `sluice plan`: what the next run would do, without doing it.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/route.hpp"
#include "host/dry_run.hpp"
#include "host/open.hpp"
#include "host/runtime.hpp"

namespace sluice::cli {

namespace {

// There is something to do: asked for by --detailed-exitcode alone.
constexpr int changes_exit = 10;

struct plan_options {
  std::string pipeline, tenant, subject, phase;
  std::size_t limit = 10;
  bool detailed = false;
};

host::wanted_phase wanted(const std::string& text) {
  if (text == "essential") return host::wanted_phase::essential;
  return text == "background" ? host::wanted_phase::background : host::wanted_phase::both;
}

bool read_everything(const engine::run_row& run) {
  for (const engine::stage_row& s : run.stages) {
    if (s.state != engine::stage_state::complete) return false;
  }
  return run.state != engine::run_state::failed;
}

int plan(app& a, const plan_options& o) {
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  plugin::loader loader(a.catalog(), a.lock());
  host::run_ask checked;
  checked.tenant = o.tenant;
  checked.subject = o.subject;
  checked.phases = wanted(o.phase);
  host::check_before_store(*pipeline, a.catalog(), loader, checked);
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = open_to_look(host::store_options_of(*pipeline, secrets));
  catch_interrupts();
  progress_view progress(on_terminal(), a.log());
  host::dry_ask ask;
  ask.tenant = o.tenant;
  ask.subject = o.subject;
  ask.phases = wanted(o.phase);
  ask.show = o.limit;
  ask.on_progress = [&](const engine::progress& p) { progress.update(p); };
  ask.cancelled = interrupted;
  const host::dry_result result =
      host::plan_run({*pipeline, a.catalog(), loader, a.log(), secrets, store.get()}, ask);
  progress.finish();
  if (a.options().json) {
    std::printf("%s\n",
                to_json(result).dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::printf("%s", to_text(result).c_str());
  }
  if (result.run.state == engine::run_state::cancelled) return exit_code::cancelled;
  if (!read_everything(result.run)) return exit_code::failed;
  return o.detailed && result.changes() > 0 ? changes_exit : exit_code::good;
}

}  // namespace

void add_plan(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<plan_options>();
  CLI::App* c =
      cli.add_subcommand("plan", "Read everything and show what a run would change; nothing is written");
  c->add_option("PIPELINE", o->pipeline, "The manifest")->required();
  c->add_option("--tenant", o->tenant, "Whose data")->required()->type_name("TENANT");
  c->add_option("--subject", o->subject, "Only what a run of this user would read");
  c->add_option("--phase", o->phase, "Only this phase")
      ->check(CLI::IsMember({"essential", "background"}))
      ->type_name("essential|background");
  c->add_option("--limit", o->limit, "Name at most so many rows of each kind and stream")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  c->add_flag("--detailed-exitcode", o->detailed, "Exit with 10 when there is something to change");
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return plan(a, *o); }); });
}

}  // namespace sluice::cli
