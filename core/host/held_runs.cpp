#include "host/held_runs.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace sluice::host {

namespace {

using scope_key = std::tuple<std::string, std::string, std::string>;

constexpr std::size_t most_scopes = 100;  // that are looked at closely; beyond them every held run counts

scope_key scope_of(const engine::run_row& run) { return {run.tenant, run.pipeline, run.scope}; }

// Of a scope one run is open at a time, so what began between these two was its own.
bool is_of(const engine::freshness_row& stage, const engine::run_row& run) {
  return stage.started_us >= run.created_us && stage.started_us <= run.ended_us;
}

}  // namespace

std::vector<engine::run_row> still_held(std::vector<engine::run_row> held,
                                        const std::vector<engine::run_row>& open, const freshness_of& fresh) {
  std::set<scope_key> busy;
  for (const engine::run_row& run : open) busy.insert(scope_of(run));
  std::map<scope_key, std::vector<engine::freshness_row>> known;
  std::erase_if(held, [&](const engine::run_row& run) {
    const scope_key key = scope_of(run);
    if (busy.contains(key)) return false;
    if (!known.contains(key)) {
      if (known.size() == most_scopes) return false;
      known[key] = fresh(run);
    }
    return std::none_of(known[key].begin(), known[key].end(),
                        [&](const engine::freshness_row& stage) { return is_of(stage, run); });
  });
  return held;
}

std::string held_text(const std::vector<engine::run_row>& held) {
  constexpr std::size_t most = 3;
  std::string names;
  for (std::size_t i = 0; i < std::min(held.size(), most); ++i)
    names += (i == 0 ? "" : ", ") + held[i].tenant + " " + held[i].run_id;
  if (held.size() > most) names += " and " + std::to_string(held.size() - most) + " more";
  return std::to_string(held.size()) + (held.size() == 1 ? " run is" : " runs are") +
         " held, with more deletes than the guard lets through (" + names +
         "): look at the upstream, then `sluice runs approve RUN`, or mend it and run again";
}

}  // namespace sluice::host
