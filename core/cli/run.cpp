// `sluice run`: one run of one tenant, with progress and a receipt.
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "cli/asked_runs.hpp"
#include "cli/background.hpp"
#include "cli/progress.hpp"
#include "cli/run_options.hpp"
#include "engine/failpoint.hpp"
#include "host/open.hpp"
#include "host/runtime.hpp"

namespace sluice::cli {

namespace {
// Counts interrupts: the first cancels at a page border, the second leaves at once. What is committed
// is safe either way.
volatile std::sig_atomic_t interrupts = 0;

extern "C" void on_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(exit_code::cancelled);
}

bool interrupted() { return interrupts > 0; }
void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void say_how(app& a, const std::string& tenant, const host::run_answer& answer) {
  const observe::log_context about{
      .correlation_id = answer.correlation_id, .tenant = tenant, .run_id = answer.run_id};
  const std::string whose = answer.scope.empty() ? "tenant" : "subject";
  if (answer.how == engine::run_lease::how::joined) {
    a.say(observe::log_level::info, about,
          "a run of this " + whose + " is under way (" + answer.run_id + ", process " +
              std::to_string(answer.held_by.pid) + " on " + answer.held_by.host + "); waiting for its end");
  } else if (answer.how == engine::run_lease::how::took_over) {
    a.say(observe::log_level::info, about,
          "going on with run " + answer.run_id + " from its checkpoints; its host is gone");
  }
}

// Answers in time, whatever the runs do; they go on.
void answer(app& a, asked_runs& runs, bool over, background_process& worker) {
  const int code = runs.print_state();
  if (interrupted()) return worker.answer(exit_code::cancelled);
  if (!over) {
    a.say(observe::log_level::warn, {.code = "SLU-7020"},
          "the essential phase is not over in the time given; " +
              (runs.any_here() ? "process " + std::to_string(getpid()) + " goes on with the runs"
                               : std::string("the runs go on where they were started")) +
              "; what is stored is as old as is shown");
  }
  worker.answer(over ? code : exit_code::later);
}

// Each run has a correlation id of its own where it is joined or taken over.
struct correlation_ids {
  std::string of_tenant, of_subject;
};

// All that is named must outlive the runs.
void follow(app& a, host::run_ask& ask, progress_view& progress, correlation_ids& ids) {
  ask.on_progress = [&](const engine::progress& p) { progress.update(p, ids.of_tenant, ""); };
  ask.on_subject_progress = [&](const engine::progress& p) { progress.update(p, ids.of_subject, "subject"); };
  ask.on_lease = [&, tenant = ask.tenant](const host::run_answer& answer) {
    (answer.scope.empty() ? ids.of_tenant : ids.of_subject) = answer.correlation_id;
    a.log().set_correlation_id(answer.correlation_id);
    say_how(a, tenant, answer);
  };
}

int run(app& a, run_options o, background_process* worker) {
  const auto at_most = checked(o);
  a.log().set_correlation_id(o.correlation_id);
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  if (pipeline->every_us > 0)
    a.say(observe::log_level::info, {.tenant = o.tenant, .code = "SLU-6065"},
          "this run is done once: `every` is carried out by `sluice serve` alone");
  progress_view progress(on_terminal(), a.log());
  host::run_ask ask = ask_of(o);
  correlation_ids ids;
  follow(a, ask, progress, ids);
  ask.tells_end = on_terminal();
  plugin::loader loader(a.catalog(), a.lock());
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  host::check_ask(*pipeline, ask);
  host::store_opening opening(host::store_options_of(*pipeline, secrets));
  host::check_before_store(*pipeline, a.catalog(), loader, ask);
  const auto store = opening.ready();
  host::runtime runtime({*pipeline, a.catalog(), loader, a.log(), secrets, *store, a.settings().lease_us});
  catch_interrupts();
  SLUICE_FAILPOINT("cli.before_start");
  asked_runs runs(a, runtime, o.pipeline);
  runs.start(ask);
  const bool over = runs.wait_essential(at_most.value_or(std::chrono::hours(24 * 365)), interrupted);
  if (worker != nullptr) {
    answer(a, runs, over, *worker);
    if (!runs.any_here()) return exit_code::good;
  } else if (!over && !interrupted()) {
    a.say(observe::log_level::warn, {.tenant = o.tenant, .code = "SLU-6042"},
          "the essential phase has missed its deadline; it goes on");
  }
  const auto rows = runs.wait(interrupted);
  progress.finish();
  SLUICE_FAILPOINT("cli.before_answer");
  const int code = runs.print(rows);
  SLUICE_FAILPOINT("cli.after_answer");
  return code;
}

// With --wait the answer must not wait for the work.
int run_and_answer(const common_options& options, const run_options& o) {
  if (o.wait.empty()) return guarded(options, [&](app& a) { return run(a, o, nullptr); });
  std::optional<background_process> worker;
  const int failed = guarded(options, [&](app&) {
    worker.emplace();
    return exit_code::good;
  });
  if (!worker) return failed;
  if (worker->exit_code()) return *worker->exit_code();
  return guarded(options, [&](app& a) { return run(a, o, &*worker); });
}
}  // namespace

void add_run(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<run_options>();
  CLI::App* c =
      cli.add_subcommand("run", "Sync one tenant now: progress on standard error, a receipt at the end");
  c->add_option("PIPELINE", o->pipeline, "The manifest")->required();
  c->add_option("--tenant", o->tenant, "Whose data: an id of the manifest's `tenants`")
      ->required()
      ->type_name("TENANT");
  c->add_option(
       "--subject", o->subject,
       "The user who signs in: what has `scope: subject` is read for them alone, in a run of its own")
      ->type_name("ID");
  c->add_option("--phase", o->phase, "Only this phase")
      ->check(CLI::IsMember({"essential", "background"}))
      ->type_name("essential|background");
  c->add_option("--backend", o->backend, "This backend, whatever the routing says");
  c->add_option(
       "--wait", o->wait,
       "Answer when the essential phase is over or after this time (exit code 75); the work goes on in a "
       "process of its own")
      ->type_name("TIME");
  c->add_option("--correlation-id", o->correlation_id, "Instead of one that is made");
  c->callback([&options, &result, o, c] {
    o->by_subject = c->count("--subject") > 0;
    result = run_and_answer(options, *o);
  });
}

}  // namespace sluice::cli
