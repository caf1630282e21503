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

void say_how(const host::run_answer& answer) {
  if (answer.how == engine::run_lease::how::joined) {
    std::fprintf(stderr, "a run of this tenant is under way (%s, process %lld on %s); waiting for its end\n",
                 answer.run_id.c_str(), static_cast<long long>(answer.held_by.pid), answer.held_by.host.c_str());
  } else if (answer.how == engine::run_lease::how::took_over) {
    std::fprintf(stderr, "going on with run %s from its checkpoints; its host is gone\n", answer.run_id.c_str());
  }
}

void check_options(const run_options& o) {
  if (!o.subject.empty()) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7010",
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

int run(app& a, run_options o) {
  check_options(o);
  if (o.correlation_id.empty()) o.correlation_id = made_correlation_id(o.tenant);
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = host::open_writable(host::store_options_of(*pipeline, secrets));
  plugin::loader loader(a.catalog(), a.lock());
  host::runtime runtime({*pipeline, a.catalog(), loader, a.log(), secrets, *store});

  const bool terminal = isatty(STDERR_FILENO) == 1;
  progress_view progress(terminal, o.correlation_id);
  catch_interrupts();
  const host::run_answer answer = runtime.start(
      {o.tenant, o.backend, o.correlation_id, phase_of(o.phase), [&](const engine::progress& p) { progress.update(p); }});
  say_how(answer);
  bool cancelling = false;
  const auto row = runtime.wait(answer.run_id, [&] {
    if (interrupts > 0 && !cancelling) {
      cancelling = true;
      std::fprintf(stderr, "cancelling at the next page; interrupt again to leave at once\n");
      runtime.cancel(answer.run_id);
    }
    return false;
  });
  progress.finish();
  if (a.options().json) {
    std::printf("%s\n", host::receipt_json(*row).dump(2).c_str());
  } else {
    std::printf("%s", host::receipt_text(*row).c_str());
  }
  return host::exit_code(row->state);
}

}  // namespace

void add_run(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<run_options>();
  CLI::App* c = cli.add_subcommand("run", "Sync one tenant now: progress on standard error, a receipt at the end");
  c->add_option("PIPELINE", o->pipeline, "The manifest")->required();
  c->add_option("--tenant", o->tenant, "Whose data")->required();
  c->add_option("--subject", o->subject, "Only one user's data");
  c->add_option("--phase", o->phase, "Only this phase")->check(CLI::IsMember({"essential", "background"}));
  c->add_option("--backend", o->backend, "This backend, whatever the routing says");
  c->add_option("--correlation-id", o->correlation_id, "Instead of one that is made");
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
}

}  // namespace sluice::cli
