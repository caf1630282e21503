// `sluice runs retry` and `sluice rejects retry`: once more, what did not come through.
#include <cstdio>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/host_socket.hpp"
#include "cli/interrupt.hpp"
#include "cli/look.hpp"
#include "cli/progress.hpp"
#include "host/cancel.hpp"
#include "host/open.hpp"
#include "host/receipt.hpp"
#include "host/replay.hpp"
#include "host/retry.hpp"
#include "host/runtime.hpp"
#include "host/verify.hpp"

namespace sluice::cli {

namespace {

struct retry_options {
  std::string pipeline, run_id, tenant;
  bool all = false;
};

engine::run_row wait_or_cancel(app& a, host::runtime& runtime, const std::string& run_id) {
  bool asked = false;
  const auto row = runtime.wait(run_id, [&] {
    if (interrupted() && !asked) {
      asked = true;
      a.say(observe::log_level::info, {.run_id = run_id}, "cancelling at the next page");
      runtime.cancel(run_id);
    }
    return false;
  });
  return *row;
}

void check_pipeline(const std::string& run_id, const std::string& of, const manifest::pipeline& pipeline) {
  if (of == pipeline.name) return;
  throw engine::failure(engine::failure_class::invalid, "SLU-7027",
                        "run " + run_id + " is one of pipeline `" + of + "`, this manifest is `" +
                            pipeline.name + "`; name the manifest that it was started with");
}

host::run_ask ask_again(const manifest::pipeline& pipeline, engine::session& s, const retry_options& o) {
  const engine::run_row run = host::find_run(s, o.run_id);
  check_pipeline(o.run_id, run.pipeline, pipeline);
  return host::retry_ask(pipeline, s, run, o.all);
}

// By the host that serves its store; nothing: there is none, or it does not serve the pipeline.
std::optional<int> retry_at_host(app& a, const retry_options& o) {
  const auto found = run_at_host(a, o.run_id);
  if (!found) return std::nullopt;
  const auto pipeline = a.load_store(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  check_pipeline(o.run_id, found->at("pipeline"), *pipeline);
  host_answer answer = tell_host(a, o.run_id, "retry", {{"all", o.all}});
  if (answer.status == 422 && answer.body.value("code", "") == "SLU-7109") return std::nullopt;
  const std::string run = body_of(std::move(answer)).at("run_id");
  a.say(observe::log_level::info, {.run_id = run},
        "the host has begun run " + run + "; it goes on without this command");
  return watch_run(a, o.pipeline, run);
}

int retry_run(app& a, const retry_options& o) {
  if (const auto done = retry_at_host(a, o)) return *done;
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = host::open_writable(host::store_options_of(*pipeline, secrets));
  host::run_ask ask = ask_again(*pipeline, *store->open_session(), o);
  progress_view progress(on_terminal(), a.log());
  ask.on_progress = [&](const engine::progress& p) { progress.update(p); };
  ask.on_lease = [&](const host::run_answer& answer) {
    a.log().set_correlation_id(answer.correlation_id);
    if (answer.how == engine::run_lease::how::joined)
      a.say(observe::log_level::info, {.run_id = answer.run_id},
            "run " + answer.run_id + " is under way; waiting");
  };
  ask.tells_end = on_terminal();
  plugin::loader loader(a.catalog(), a.lock());
  host::runtime runtime({*pipeline, a.catalog(), loader, a.log(), secrets, *store, a.settings().lease_us});
  catch_interrupts();
  const engine::run_row row = wait_or_cancel(a, runtime, runtime.start(ask).run_id);
  progress.finish();
  if (a.options().json) std::printf("%s\n", host::receipt_json(row).dump(2).c_str());
  else std::printf("%s", host::receipt_text(row, o.pipeline).c_str());
  return host::exit_code(row.state);
}

nlohmann::json replay_json(const host::replay_result& r) {
  nlohmann::json left = nlohmann::json::array();
  for (const host::left_reject& l : r.left) {
    left.push_back({{"id", l.id},
                    {"run_id", l.run_id},
                    {"stage", l.stage},
                    {"stream", l.stream},
                    {"key", engine::readable_key(l.key)},
                    {"why", l.why}});
  }
  return {{"run", r.run.run_id.empty() ? nlohmann::json() : host::receipt_json(r.run)},
          {"rejects", r.rejects},
          {"taken", r.taken},
          {"refused_again", r.refused_again},
          {"stale", r.stale},
          {"children_left", r.children},
          {"left", std::move(left)}};
}

void print_replay(const host::replay_result& r, const std::string& manifest) {
  if (!r.run.run_id.empty()) std::printf("%s\n", host::receipt_text(r.run, manifest).c_str());
  const auto n = [](std::int64_t v) { return static_cast<long long>(v); };
  std::printf("%lld rejects: %lld taken (%lld rows stale), %lld refused again, %zu left\n", n(r.rejects),
              n(r.taken), n(r.stale), n(r.refused_again), r.left.size());
  if (r.children > 0)
    std::printf("%lld reads hang on these records: the next run makes them\n", n(r.children));
  for (const host::left_reject& l : r.left) {
    std::printf("  left: %lld %s %s %s: %s\n", n(l.id), l.stage.c_str(), l.stream.c_str(),
                engine::readable_key(l.key).c_str(), l.why.c_str());
  }
}

// Whose rejects: asked for by name, or by a run.
std::string tenant_of(engine::session& s, const retry_options& o) {
  if (!o.run_id.empty()) {
    const engine::run_row run = host::find_run(s, o.run_id);
    if (!o.tenant.empty() && o.tenant != run.tenant) {
      throw engine::failure(
          engine::failure_class::invalid, "SLU-7026",
          "run " + o.run_id + " is one of tenant `" + run.tenant + "`, not of `" + o.tenant + "`");
    }
    return run.tenant;
  }
  if (o.tenant.empty()) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7026",
                          "say whose rejects: --tenant T, or --run RUN");
  }
  require_tenant(s, o.tenant);
  return o.tenant;
}

int retry_rejects(app& a, const retry_options& o) {
  const auto pipeline = a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  const auto store = host::open_writable(host::store_options_of(*pipeline, secrets));
  plugin::loader loader(a.catalog(), a.lock());
  host::replay_ask ask;
  ask.tenant = tenant_of(*store->open_session(), o);
  ask.run_id = o.run_id;
  progress_view progress(on_terminal(), a.log());
  ask.on_progress = [&](const engine::progress& p) { progress.update(p); };
  ask.cancelled = interrupted;
  catch_interrupts();
  host::local_host host({*pipeline, a.catalog(), loader, a.log(), secrets, *store});
  const host::replay_result r = host::replay_rejects(host, *pipeline, ask);
  progress.finish();
  if (a.options().json)
    std::printf("%s\n", replay_json(r).dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  else print_replay(r, o.pipeline);
  if (!r.run.run_id.empty() && r.run.state != engine::run_state::succeeded)
    return host::exit_code(r.run.state);
  return r.left.empty() ? exit_code::good : exit_code::partial;
}

CLI::App* add_command(CLI::App& group, const char* name, const char* what, common_options& options,
                      int& result, const std::shared_ptr<retry_options>& o,
                      int (*run)(app&, const retry_options&)) {
  CLI::App* c = group.add_subcommand(name, what);
  c->add_option("--pipeline", o->pipeline, "The manifest")->required()->type_name("FILE");
  c->callback([&options, &result, o, run] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
  return c;
}

}  // namespace

void add_retry(CLI::App& runs, common_options& options, int& result) {
  const auto o = std::make_shared<retry_options>();
  CLI::App* c =
      add_command(runs, "retry", "Read again what a run did not complete", options, result, o, retry_run);
  c->add_option("RUN", o->run_id, "The run, as `runs list` has it")->required();
  c->add_flag("--all", o->all, "Read again all that it was to read");
}

void add_rejects_retry(CLI::App& rejects, common_options& options, int& result) {
  const auto o = std::make_shared<retry_options>();
  CLI::App* c =
      add_command(rejects, "retry", "Bring refused records again, through today's mapping and plugins",
                  options, result, o, retry_rejects);
  c->add_option("--tenant", o->tenant, "Of this tenant");
  c->add_option("--run", o->run_id, "Only what this run refused");
}

}  // namespace sluice::cli
