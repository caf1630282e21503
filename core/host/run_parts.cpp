#include "host/run_parts.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "host/process.hpp"
#include "host/streams.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

engine::run_request new_request(std::string tenant, std::string pipeline, std::string scope,
                                std::string correlation_id, std::int64_t now_us,
                                engine::random_port& random) {
  const std::int64_t now_ms = now_us / 1000;
  engine::run_request r;
  r.run_id = observe::uuid_v7(now_ms, random.next(), random.next());
  r.correlation_id = correlation_id.empty() ? observe::correlation_id(tenant, now_ms, random.next())
                                            : std::move(correlation_id);
  r.tenant = std::move(tenant);
  r.pipeline = std::move(pipeline);
  r.scope = std::move(scope);
  r.by = this_process();
  return r;
}

void make_tables(const manifest::pipeline& pipeline, const plugin::catalog& catalog, store::store& store,
                 observe::logger& log, observe::log_level level) {
  for (const plugin_streams& p : streams_of(pipeline, catalog)) {
    for (const std::string& line : store.ensure_streams(p.plugin, p.version, p.streams)) {
      log.write(level, {.plugin = p.plugin}, line);
    }
  }
}

engine::wait_fn log_waits(observe::logger& log, const engine::run_identity& id) {
  return [&log, id](const engine::wait_note& n) {
    const observe::log_context about{
        .correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id, .code = n.why.code()};
    if (n.back) {
      log.write(observe::log_level::info, about, "the store answers again; the run goes on");
      return;
    }
    nlohmann::json fields{{"asked_again_in_ms", n.wait_us / 1000}, {"failures", n.failures}};
    if (n.stage.empty()) {
      fields["waits_for"] = "store";
    } else {
      fields["stage"] = n.stage;
      fields["attempts"] = n.attempts;
    }
    // That a source is down has been said once, for all who wait for it.
    const bool known = n.why.code() == "SLU-6070";
    log.write_json(known ? observe::log_level::debug : observe::log_level::warn, about, n.why.message(),
                   fields.dump());
  };
}

void log_failed_stage(observe::logger& log, const engine::run_identity& id, const std::string& stage,
                      std::int64_t pages, const engine::failure& why) {
  nlohmann::json fields{{"event", "stage.failed"}, {"stage", stage}, {"pages", pages}};
  const engine::circumstances& in = why.in();
  if (!in.item.empty()) fields["item"] = in.item;
  if (in.page > 0) fields["page"] = in.page;
  if (in.attempt > 0) fields["attempt"] = in.attempt;
  if (in.upstream_status > 0) fields["upstream_status"] = in.upstream_status;
  log.write_json(
      observe::log_level::error,
      {.correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id, .code = why.code()},
      why.message(), fields.dump());
}

void plain_services::log(observe::log_level level, const observe::log_context& context,
                         std::string_view message, std::string_view fields_json) noexcept {
  log_.write_json(level, context, message, fields_json);
}

std::string plain_services::expand_secret(std::string_view tenant, std::string_view text) {
  return secrets_.expand(tenant, text);
}

void plain_services::metric_add(std::string_view, std::string_view, double) noexcept {}
void plain_services::metric_set(std::string_view, std::string_view, double) noexcept {}

void plain_services::run_step(std::string_view, std::string_view, plugin::step_progress, plugin::step_done) {
  throw plugin::error(plugin::status::unsupported, "SLU-6026", "no backend sequences this run");
}

void plain_services::run_ended(std::string_view) {
  throw plugin::error(plugin::status::unsupported, "SLU-6026", "no backend sequences this run");
}

}  // namespace sluice::host
