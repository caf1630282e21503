#include "host/tenant_history.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::host {

namespace {

constexpr std::size_t last_runs = 20;
constexpr std::size_t least_runs = 5;  // fewer prove nothing: the first run of a tenant is its longest
constexpr std::int64_t day_us = 24 * 3'600'000'000LL;

// Of the whole tenant, by the default backend, newest first; what somebody cancelled says nothing.
std::vector<engine::ended_run> runs_to_judge_by(engine::session& session, const manifest::pipeline& pipeline,
                                                const std::string& tenant) {
  engine::history_filter filter;
  filter.tenant = tenant;
  filter.pipeline = pipeline.name;
  filter.backend = pipeline.routing.fallback;
  filter.whole_tenants = true;
  filter.stages = false;
  filter.limit = 2 * last_runs;  // the cancelled ones are among them
  std::vector<engine::ended_run> out;
  for (engine::ended_run& run : session.history(filter)) {
    if (run.state != engine::run_state::cancelled && out.size() < last_runs) out.push_back(std::move(run));
  }
  return out;
}

fact mean_of(const std::vector<engine::ended_run>& runs, const std::string& backend,
             double (*value)(const engine::ended_run&)) {
  const std::string of = std::to_string(runs.size()) + " runs on " + backend;
  if (runs.size() < least_runs) return {0, of + ", too few"};
  double sum = 0;
  for (const engine::ended_run& run : runs) sum += value(run);
  return {sum / static_cast<double>(runs.size()), "last " + of};
}

// Not counted further than it takes to know.
fact runs_of_a_day(engine::session& session, const manifest::pipeline& pipeline, const std::string& tenant,
                   const manifest::condition& what, std::int64_t now_us) {
  engine::history_filter filter;
  filter.tenant = tenant;
  filter.pipeline = pipeline.name;
  filter.from_us = now_us - day_us;
  filter.stages = false;
  filter.limit = static_cast<int>(std::min(what.threshold, 1e6)) + 1;
  const std::size_t runs = session.history(filter).size();
  const bool more = runs >= static_cast<std::size_t>(filter.limit);
  return {static_cast<double>(runs), more ? "in the last 24 h, or more" : "in the last 24 h"};
}

}  // namespace

std::optional<fact> history_fact(engine::session& session, const manifest::pipeline& pipeline,
                                 const std::string& tenant, const manifest::condition& what,
                                 std::int64_t now_us) {
  if (what.subject == "tenant.runs_per_day") return runs_of_a_day(session, pipeline, tenant, what, now_us);
  const bool duration = what.subject == "tenant.average_duration";
  if (!duration && what.subject != "tenant.failure_rate") return std::nullopt;
  const auto runs = runs_to_judge_by(session, pipeline, tenant);
  if (duration) {
    return mean_of(runs, pipeline.routing.fallback,
                   [](const engine::ended_run& r) { return static_cast<double>(r.ended_us - r.created_us); });
  }
  return mean_of(runs, pipeline.routing.fallback,
                 [](const engine::ended_run& r) { return r.state == engine::run_state::failed ? 1.0 : 0.0; });
}

}  // namespace sluice::host
