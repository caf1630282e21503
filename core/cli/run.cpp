// `sluice run`: one run of one tenant, with progress and a receipt.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "cli/progress.hpp"
#include "host/open.hpp"
#include "host/receipt.hpp"
#include "host/runtime.hpp"
#include "observe/identifiers.hpp"

namespace sluice::cli {

namespace {

struct run_options {
  std::string pipeline, tenant, subject, phase, backend, correlation_id;
};

// Counts interrupts: the first cancels at a page border, the second leaves at once. What is committed
// is safe either way.
volatile std::sig_atomic_t interrupts = 0;

extern "C" void on_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) _exit(exit_code::cancelled);
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

host::wanted_phase phase_of(const std::string& text) {
  if (text == "essential") return host::wanted_phase::essential;
  return text == "background" ? host::wanted_phase::background : host::wanted_phase::both;
}

void say_how(app& a, const std::string& tenant, const host::run_answer& answer) {
  const observe::log_context about{
      .correlation_id = answer.correlation_id, .tenant = tenant, .run_id = answer.run_id};
  if (answer.how == engine::run_lease::how::joined) {
    a.say(observe::log_level::info, about,
          "a run of this tenant is under way (" + answer.run_id + ", process " +
              std::to_string(answer.held_by.pid) + " on " + answer.held_by.host + "); waiting for its end");
  } else if (answer.how == engine::run_lease::how::took_over) {
    a.say(observe::log_level::info, about,
          "going on with run " + answer.run_id + " from its checkpoints; its host is gone");
  }
}

void check_options(const run_options& o) {
  if (!o.subject.empty()) {
    throw engine::failure(
        engine::failure_class::invalid, "SLU-7010",
        "runs of one subject are not in this version; leave --subject out to read the tenant");
  }
  if (!o.correlation_id.empty() && !observe::valid_correlation_id(o.correlation_id)) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7011",
                          "--correlation-id takes 1-128 characters of A-Z a-z 0-9 . _ : -");
  }
}

// Made here and not by the runtime, so that the first line of progress has it too.
std::string made_correlation_id(const std::string& tenant) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return observe::correlation_id(tenant, std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                                 std::random_device{}());
}

// Until the run's end; an interrupt cancels it.
engine::run_row wait_for_end(app& a, host::runtime& runtime, const host::run_answer& answer) {
  bool cancelling = false;
  const auto row = runtime.wait(answer.run_id, [&] {
    if (interrupts > 0 && !cancelling) {
      cancelling = true;
      a.say(observe::log_level::info, {.run_id = answer.run_id},
            "cancelling at the next page; interrupt again to leave at once");
      runtime.cancel(answer.run_id);
    }
    return false;
  });
  return *row;
}

int run(app& a, run_options o) {
  check_options(o);
  if (o.correlation_id.empty()) o.correlation_id = made_correlation_id(o.tenant);
  a.log().set_correlation_id(o.correlation_id);
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  const bool terminal = on_terminal();
  progress_view progress(terminal, a.log());
  host::run_ask ask{o.tenant, o.backend, o.correlation_id, phase_of(o.phase)};
  ask.on_progress = [&](const engine::progress& p) { progress.update(p); };
  ask.on_lease = [&](const host::run_answer& answer) {
    a.log().set_correlation_id(answer.correlation_id);  // that of the run that is joined or taken over
    say_how(a, o.tenant, answer);
  };
  ask.tells_end = terminal;
  plugin::loader loader(a.catalog(), a.lock());
  host::check_before_store(*pipeline, a.catalog(), loader, ask);
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = host::open_writable(host::store_options_of(*pipeline, secrets));
  host::runtime runtime({*pipeline, a.catalog(), loader, a.log(), secrets, *store});

  catch_interrupts();
  const engine::run_row row = wait_for_end(a, runtime, runtime.start(ask));
  progress.finish();
  if (a.options().json) {
    std::printf("%s\n", host::receipt_json(row).dump(2).c_str());
  } else {
    std::printf("%s", host::receipt_text(row, o.pipeline).c_str());
  }
  return host::exit_code(row.state);
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
  c->add_option("--subject", o->subject, "Only one user's data");
  c->add_option("--phase", o->phase, "Only this phase")
      ->check(CLI::IsMember({"essential", "background"}))
      ->type_name("essential|background");
  c->add_option("--backend", o->backend, "This backend, whatever the routing says");
  c->add_option("--correlation-id", o->correlation_id, "Instead of one that is made");
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
}

}  // namespace sluice::cli
