// Runs that are over, and the notes of hosts, of a memory store.
#include <algorithm>

#include "support/memory_tables.hpp"

namespace sluice::testing {

using lock = std::lock_guard<std::recursive_mutex>;

std::vector<engine::ended_run> memory_tables::history(const engine::history_filter& f) {
  const lock taken(state_.mutex);
  const auto fits = [](const std::string& wanted, const std::string& has) {
    return wanted.empty() || wanted == has;
  };
  std::vector<engine::ended_run> out;
  for (const auto& [id, record] : state_.runs) {
    const engine::run_row& r = record.row;
    if (r.ended_us <= 0 || r.ended_us < f.from_us || r.ended_us >= f.to_us) continue;
    if (!fits(f.tenant, r.tenant) || !fits(f.pipeline, r.pipeline) || !fits(f.backend, r.backend)) continue;
    if (f.whole_tenants && !r.scope.empty()) continue;
    engine::ended_run& run = out.emplace_back();
    run = {r.run_id, r.tenant,     r.pipeline, r.scope,        r.backend,    r.mode,
           r.state,  r.created_us, r.ended_us, r.essential_us, r.error_code, {}};
    if (!f.stages) continue;
    for (const auto& [key, s] : entries_of(state_.stages, id)) {
      run.stages.push_back(
          {s.stage, s.phase, s.state, s.started_us, s.ended_us, s.requests, s.retries, s.error_code, {}});
      if (!f.rows) continue;
      for (const auto& [at, line] : entries_of(state_.ledger, id)) {
        if (std::get<1>(at) == s.stage) run.stages.back().rows += line.first;
      }
    }
  }
  std::sort(out.begin(), out.end(), [&](const engine::ended_run& a, const engine::ended_run& b) {
    const bool older = std::tie(a.ended_us, a.run_id) < std::tie(b.ended_us, b.run_id);
    return f.oldest_first ? older : !older && a.run_id != b.run_id;
  });
  if (out.size() > static_cast<std::size_t>(f.limit)) out.resize(static_cast<std::size_t>(f.limit));
  return out;
}

engine::trend memory_tables::trend_of(const engine::trend_ask& ask) {
  engine::trend_builder out(ask);
  for (const engine::ended_run& r : history({.tenant = ask.tenant,
                                    .pipeline = ask.pipeline,
                                    .backend = ask.backend,
                                    .from_us = ask.from_us,
                                    .to_us = ask.to_us,
                                    .stages = false,
                                    .limit = 1'000'000}))
    out.add(r.state, r.created_us, r.essential_us, r.ended_us);
  return out.finish();
}

engine::note memory_tables::note(const std::string& name) {
  const lock taken(state_.mutex);
  const auto at = state_.notes.find(name);
  return at == state_.notes.end() ? engine::note{} : at->second;
}

void memory_tables::put_note(const std::string& name, const engine::note& n) {
  state_.put(state_.notes, name, n);
}

}  // namespace sluice::testing
