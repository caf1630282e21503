// `sluice runs cancel`: ends an open run, also one whose host has died.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "cli/host_socket.hpp"
#include "engine/failure.hpp"
#include "host/cancel.hpp"
#include "host/open.hpp"
#include "host/receipt.hpp"

namespace sluice::cli {

namespace {

struct cancel_options {
  std::string pipeline, run_id;
};

// A SQLite store has one process that writes: as long as that lives, only it can end its run.
std::unique_ptr<store::store> open_to_cancel(const store::store_options& options) try {
  auto store = store::open_store(options);
  store->check_version();
  return store;
} catch (const engine::failure& f) {
  if (f.code() != "SLU-5025") throw;
  throw engine::failure(f.kind(), f.code(),
                        f.message() +
                            "; if that process has the run, interrupt it (Ctrl-C, or kill -INT): "
                            "it cancels the run at the next page");
}

std::string in_words(const host::cancel_answer& answer) {
  const std::string run = "run " + answer.run.run_id;
  switch (answer.result) {
    case host::cancel_answer::how::asked:
      return "asked process " + std::to_string(answer.held_by.pid) + " on " + answer.held_by.host +
             " to stop " + run + "; it does so within some seconds: `sluice runs show " + answer.run.run_id +
             "`";
    case host::cancel_answer::how::cancelled:
      return run + " is cancelled: its host was gone; what was committed stays";
    case host::cancel_answer::how::ended: break;
  }
  return run + " has ended already: " + std::string(engine::to_string(answer.run.state));
}

// What has become of it; the exit code.
int told(app& a, const std::string& run_id, bool asked, const std::string& state, const std::string& text) {
  if (a.options().json) {
    const nlohmann::json out{{"run_id", run_id}, {"asked", asked}, {"state", state}, {"message", text}};
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("%s\n", text.c_str());
  }
  return asked || state == "cancelled" ? exit_code::good : exit_code::failed;
}

// By the host that serves its store, which may be the one that has it.
int cancel_at_host(app& a, const cancel_options& o, const nlohmann::json& found) {
  const std::string before = found.at("state");
  if (engine::is_terminal(engine::run_state_from(before)))
    return told(a, o.run_id, false, before, "run " + o.run_id + " has ended already: " + before);
  host_answer answer = tell_host(a, o.run_id, "cancel");
  const bool asked = answer.status == 202;
  const std::string state = body_of(std::move(answer)).at("state");
  return told(a, o.run_id, asked, state,
              asked ? "asked the host to stop run " + o.run_id +
                          "; it does so within some seconds: `sluice runs show " + o.run_id + "`"
                    : "run " + o.run_id + " is cancelled: what was committed stays");
}

int cancel(app& a, const cancel_options& o) {
  const auto pipeline = a.load_store(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  if (const auto found = run_at_host(a, o.run_id)) return cancel_at_host(a, o, *found);
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = open_to_cancel(host::store_options_of(*pipeline, secrets));
  const host::cancel_answer answer = host::cancel_run(*store->open_session(), o.run_id);
  const bool asked = answer.result == host::cancel_answer::how::asked;
  return told(a, answer.run.run_id, asked, std::string(engine::to_string(answer.run.state)),
              in_words(answer));
}

}  // namespace

void add_cancel(CLI::App& runs, common_options& options, int& result) {
  const auto o = std::make_shared<cancel_options>();
  CLI::App* c =
      runs.add_subcommand("cancel", "End an open run; its host need not live, its manifest may have changed");
  c->add_option("RUN", o->run_id, "The run, as `runs list` has it")->required();
  c->add_option("--pipeline", o->pipeline, "The manifest that says which store")
      ->required()
      ->type_name("FILE");
  c->callback([&options, &result, o] { result = guarded(options, [&](app& a) { return cancel(a, *o); }); });
}

}  // namespace sluice::cli
