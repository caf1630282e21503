#include "host/health_report.hpp"

#include "host/held_runs.hpp"
#include "host/receipt.hpp"
#include "host/source_health.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;

json stuck_json(const engine::run_row& run) {
  return {{"run_id", run.run_id},
          {"tenant", run.tenant},
          {"pipeline", run.pipeline},
          {"backend", run.backend},
          {"created_at", instant_json(run.created_us)},
          {"why", why_stuck(run)}};
}

json held_json(const std::vector<engine::run_row>& held) {
  constexpr std::size_t most = 20;
  json out = json::array();
  for (const engine::run_row& run : held) {
    if (out.size() == most) break;
    out.push_back({{"run_id", run.run_id},
                   {"tenant", run.tenant},
                   {"pipeline", run.pipeline},
                   {"scope", run.scope},
                   {"ended_at", instant_json(run.ended_us)},
                   {"why", run.error}});
  }
  return out;
}

json sources_json(const host_state& host) {
  json out = json::array();
  for (const host_state::source& s : host.sources)
    out.push_back({{"pipeline", s.pipeline}, {"source", s.name}, {"sick", s.sick}});
  return out;
}

json backends_json(const host_state& host) {
  json out = json::array();
  for (const backend_standing& b : host.away) {
    out.push_back({{"pipeline", b.pipeline},
                   {"backend", b.backend},
                   {"code", b.code},
                   {"since", instant_json(b.since_us)},
                   {"why", b.why}});
  }
  return out;
}

void add_reasons(const host_state& host, json& why) {
  for (const host_state::source& s : host.sources) {
    if (!s.sick) continue;
    const std::string what =
        s.name.starts_with(plugin_name("")) ? "`" + s.name + "`" : "the source `" + s.name + "`";
    why.push_back(what + " of " + s.pipeline + " fails or is slow");
  }
  for (const backend_standing& b : host.away)
    why.push_back("the backend `" + b.backend + "` of " + b.pipeline + " takes no runs: " + b.why);
  for (const auto& [file, reason] : host.stale) why.push_back(file + " is not what is served: " + reason);
}

}  // namespace

open_runs_report look_at_open_runs(engine::session& session, const std::string& tenant) {
  constexpr int most = 1'000;
  open_runs_report out;
  std::vector<engine::run_row> open;
  for (const char* state : {"running", "queued"}) {
    for (engine::run_row& run : session.list_runs({tenant, state, {}, most})) {
      ++(run.state == engine::run_state::queued ? out.queued : out.running);
      if (!why_stuck(run).empty()) out.stuck.push_back(run);
      open.push_back(std::move(run));
    }
  }
  const auto fresh = [&](const engine::run_row& run) {
    return session.freshness(run.tenant, run.pipeline, run.scope);
  };
  out.held = still_held(session.list_runs({tenant, "held", {}, most}), open, fresh);
  return out;
}

json health_report(const open_runs_report& open, const json& alerts, const host_state* host) {
  json why = json::array(), stuck = json::array();
  bool critical = false;
  for (const json& a : alerts) {
    critical = critical || a.value("severity", "") == "critical";
    why.push_back("alert: " + a.value("text", ""));
  }
  for (const engine::run_row& run : open.stuck) stuck.push_back(stuck_json(run));
  if (!open.stuck.empty()) why.push_back(std::to_string(open.stuck.size()) + " runs are stuck");
  if (!open.held.empty()) why.push_back(held_text(open.held));
  if (host != nullptr) add_reasons(*host, why);
  json out{{"status", critical      ? "unhealthy"
                      : why.empty() ? "healthy"
                                    : "degraded"},
           {"why", std::move(why)},
           {"runs",
            {{"running", open.running},
             {"queued", open.queued},
             {"stuck", open.stuck.size()},
             {"held", open.held.size()}}},
           {"stuck", std::move(stuck)},
           {"held", held_json(open.held)}};
  if (host == nullptr) return out;
  out["alerts"] = alerts;
  out["host"] = {{"active", host->active},
                 {"queued", host->queued},
                 {"sources", sources_json(*host)},
                 {"backends_away", backends_json(*host)}};
  out["stale"] = json::array();
  for (const auto& [file, reason] : host->stale)
    out["stale"].push_back({{"manifest", file}, {"why", reason}});
  return out;
}

}  // namespace sluice::host
