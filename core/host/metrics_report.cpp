#include "host/metrics_report.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "host/figures.hpp"
#include "host/receipt.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;
using engine::ended_run;
using named = std::map<std::string, figures>;

json list(const named& groups, const char* name) {
  json out = json::array();
  for (const auto& [which, f] : groups) {
    json one = to_json(f);
    one[name] = which;
    out.push_back(std::move(one));
  }
  return out;
}

// The worst first.
json list_tenants(const named& groups, int most) {
  std::vector<const named::value_type*> order;
  for (const auto& g : groups) order.push_back(&g);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::pair(a->second.failed, a->second.runs) > std::pair(b->second.failed, b->second.runs);
  });
  json out = json::array();
  for (const auto* g : order) {
    if (out.size() == static_cast<std::size_t>(most)) break;
    json one = to_json(g->second);
    one["tenant"] = g->first;
    out.push_back(std::move(one));
  }
  return out;
}

json list_errors(const figures& all) {
  json out = json::array();
  for (const auto& [code, runs] : all.errors) out.push_back({{"code", code}, {"runs", runs}});
  std::stable_sort(out.begin(), out.end(),
                   [](const json& a, const json& b) { return a["runs"].get<int>() > b["runs"].get<int>(); });
  return out;
}

struct groups {
  figures total;
  named pipelines, backends, tenants, domains, phases;

  void add(const ended_run& run) {
    add_run(total, run);
    add_run(pipelines[run.pipeline], run);
    add_run(backends[run.backend], run);
    add_run(tenants[run.tenant], run);
    for (const std::string& entry : entries_of(run)) add_domain(domains[entry], run, entry);
    for (const engine::phase phase : {engine::phase::essential, engine::phase::background}) {
      if (has_phase(run, phase)) add_phase(phases[std::string(engine::to_string(phase))], run, phase);
    }
  }
};

json to_json(const engine::trend_times& t) {
  if (t.count == 0) return nullptr;
  const auto ms = [](std::int64_t us) { return static_cast<double>(us) / 1'000; };
  return {{"count", t.count}, {"p50", ms(t.us[0])}, {"p95", ms(t.us[1])}, {"p99", ms(t.us[2])}};
}

json to_json(const engine::trend_part& p) {
  return {{"succeeded", p.succeeded},
          {"partial", p.partial},
          {"failed", p.failed},
          {"cancelled", p.cancelled},
          {"essential_ms", to_json(p.essential)},
          {"duration_ms", to_json(p.whole)}};
}

// Counted by the store: of all runs of the window, however many there are.
json over_time(engine::session& session, const metrics_ask& ask, std::int64_t now) {
  const engine::trend_ask wanted{ask.tenant, ask.pipeline, ask.backend, now - ask.window_us, now, ask.parts};
  const engine::trend found = session.trend_of(wanted);
  json parts = json::array();
  for (std::size_t n = 0; n < found.parts.size(); ++n) {
    json part = to_json(found.parts[n]);
    part["from"] = instant_json(wanted.from_us + ask.window_us * static_cast<std::int64_t>(n) / wanted.parts);
    parts.push_back(std::move(part));
  }
  return {{"all", to_json(found.all)}, {"parts", std::move(parts)}};
}

}  // namespace

json metrics_report(engine::session& session, const metrics_ask& ask) {
  const std::int64_t now = session.now_us();
  engine::history_filter filter{ask.tenant, ask.pipeline, ask.backend, now - ask.window_us};
  filter.limit = ask.most_runs + 1;
  auto runs = session.history(filter);
  const bool whole = runs.size() < static_cast<std::size_t>(filter.limit);
  if (!whole) runs.pop_back();
  groups all;
  for (const ended_run& run : runs) all.add(run);
  json out{{"window_s", ask.window_us / 1'000'000},
           // Of more runs than are looked at at once, the newest.
           {"from", instant_json(whole ? filter.from_us : runs.back().ended_us)},
           {"to", instant_json(now)},
           {"complete", whole},
           {"total", to_json(all.total)},
           {"pipelines", list(all.pipelines, "pipeline")},
           {"backends", list(all.backends, "backend")},
           {"domains", list(all.domains, "domain")},
           {"phases", list(all.phases, "phase")},
           {"tenants", list_tenants(all.tenants, ask.tenants)},
           {"errors", list_errors(all.total)}};
  if (ask.parts > 0) out["over_time"] = over_time(session, ask, now);
  return out;
}

}  // namespace sluice::host
