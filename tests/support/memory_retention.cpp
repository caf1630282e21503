// What a memory store knows of open runs, of tenants that are due, and of what is old enough to go.
#include <algorithm>

#include "engine/planted.hpp"
#include "support/memory_tables.hpp"

namespace sluice::testing {

using namespace store::embedded;
using engine::retention_request;
using engine::retention_result;
using lock = std::lock_guard<std::recursive_mutex>;

std::int64_t memory_tables::last_created(const std::string& tenant, const std::string& pipeline,
                                         const std::string& scope) {
  std::int64_t last = 0;
  for (const auto& [id, r] : state_.runs) {
    if (std::tie(r.row.tenant, r.row.pipeline, r.row.scope) == std::tie(tenant, pipeline, scope))
      last = std::max(last, r.row.created_us);
  }
  return last;
}

std::vector<engine::open_run> memory_tables::open_runs(const std::string& pipeline) {
  const lock taken(state_.mutex);
  const std::int64_t now = now_();
  std::vector<engine::open_run> out;
  for (const auto& [key, l] : state_.leases) {
    if (l.pipeline != pipeline || l.run_id.empty()) continue;
    out.push_back({l.run_id, l.tenant, l.pipeline, l.scope, l.by, l.expires_us <= now});
  }
  return out;
}

std::vector<engine::due_tenant> memory_tables::due(const std::string& pipeline, std::int64_t until_us,
                                                   const engine::due_tenant& after, int limit) {
  const lock taken(state_.mutex);
  std::vector<engine::due_tenant> out;
  for (const auto& [key, l] : state_.leases) {
    if (l.pipeline != pipeline || !l.scope.empty() || !l.run_id.empty()) continue;
    const engine::due_tenant found{l.tenant, last_created(l.tenant, pipeline, "")};
    if (found.last_us > until_us) continue;
    if (std::tie(found.last_us, found.tenant) > std::tie(after.last_us, after.tenant)) out.push_back(found);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.last_us, a.tenant) < std::tie(b.last_us, b.tenant);
  });
  if (out.size() > static_cast<std::size_t>(limit)) out.resize(static_cast<std::size_t>(limit));
  return out;
}

retention_result memory_tables::retain(const retention_request& request, std::int64_t until_us) {
  switch (request.what) {
    case retention_request::kind::rejects: return retain_rejects(request, until_us);
    case retention_request::kind::tombstones: return retain_tombstones(request, until_us);
    case retention_request::kind::ledger:
    case retention_request::kind::runs: break;
  }
  return retain_runs(request, until_us);
}

bool memory_tables::disturbs(const std::string& tenant, std::int64_t at_us) const {
  return std::any_of(state_.runs.begin(), state_.runs.end(), [&](const auto& entry) {
    const engine::run_row& r = entry.second.row;
    const bool open = !engine::is_terminal(r.state) || r.state == engine::run_state::held;
    return r.tenant == tenant && open && r.created_us <= at_us;
  });
}

bool memory_tables::needed(const engine::run_row& run) const {
  if (!run.scope.empty()) return false;
  for (const auto& [key, s] : state_.stages) {
    if (s.run_id != run.run_id || s.state != engine::stage_state::complete) continue;
    const bool replaced = std::any_of(state_.stages.begin(), state_.stages.end(), [&](const auto& entry) {
      const stage_record& t = entry.second;
      const engine::run_row& o = state_.runs.at(t.run_id).row;
      return t.stage == s.stage && t.state == engine::stage_state::complete && !t.suspect &&
             std::tie(o.tenant, o.pipeline, o.scope) == std::tie(run.tenant, run.pipeline, run.scope) &&
             state_.run_order.at(o.run_id) > state_.run_order.at(run.run_id);
    });
    if (!replaced) return true;
  }
  return false;
}

retention_result memory_tables::retain_runs(const retention_request& request, std::int64_t until_us) {
  std::vector<std::string> ids;
  for (const auto& [id, r] : state_.runs) {
    const engine::run_row& run = r.row;
    const bool over = engine::is_terminal(run.state) && run.state != engine::run_state::held;
    if (!over || run.ended_us >= until_us) continue;
    const bool asked_for = disturbs(run.tenant, run.ended_us) || needed(run);
    if (asked_for && !SLUICE_BUG(ledger_too_soon)) continue;
    if (count_deferred(id) == 0) ids.push_back(id);
  }
  retention_result out;
  const auto most = static_cast<std::size_t>(request.limit);
  if (request.what == retention_request::kind::runs && ids.size() > most) ids.resize(most), out.more = true;
  bool whole = true;
  const auto remove = [&](const char* table, auto& from, int limit) {
    std::int64_t gone = 0;
    const auto copy = from;
    for (const auto& [key, value] : copy) {
      if (gone == limit || std::find(ids.begin(), ids.end(), std::get<0>(key)) == ids.end()) continue;
      state_.erase(from, key);
      ++gone;
    }
    out.removed.emplace_back(table, gone);
    whole = whole && gone != limit;
  };
  remove("items", state_.items, request.limit);
  remove("pages", state_.pages, request.limit);
  remove("ledger", state_.ledger, request.limit);
  out.more = out.more || !whole;
  if (!whole || request.what == retention_request::kind::ledger) return out;
  remove("held", state_.held, -1);
  remove("stages", state_.stages, -1);
  out.removed.emplace_back("runs", static_cast<std::int64_t>(ids.size()));
  for (const std::string& id : ids) state_.erase(state_.runs, id);
  return out;
}

retention_result memory_tables::retain_rejects(const retention_request& request, std::int64_t until_us) {
  retention_result out;
  std::int64_t gone = 0;
  const auto copy = state_.rejects;
  for (const auto& [id, r] : copy) {
    const auto run = state_.runs.find(r.run_id);
    const bool open = run != state_.runs.end() && (!engine::is_terminal(run->second.row.state) ||
                                                   run->second.row.state == engine::run_state::held);
    if (r.at_us >= until_us || open || gone == request.limit) continue;
    state_.erase(state_.rejects, id);
    ++gone;
  }
  out.removed.emplace_back("rejects", gone);
  out.more = gone == request.limit;
  return out;
}

bool memory_tables::referred_to(const std::string& tenant, const std::string& stream, std::int64_t id) const {
  for (const auto& [name, claim] : state_.claims) {
    const auto rows = state_.rows.find(name);
    if (rows == state_.rows.end()) continue;
    for (std::size_t i = 0; i < claim.schema.references.size(); ++i) {
      if (claim.schema.references[i].to != stream) continue;
      for (const auto& [key, row] : rows->second) {
        if (std::get<0>(key) == tenant && !row.deleted && row.parents[i] == id) return true;
      }
    }
  }
  return false;
}

retention_result memory_tables::retain_tombstones(const retention_request& request, std::int64_t until_us) {
  retention_result out;
  for (auto& [stream, rows] : state_.rows) {
    std::int64_t gone = 0;
    const auto copy = rows;
    for (const auto& [key, row] : copy) {
      const auto& [tenant, name] = key;
      // A tombstone is written when its delete is committed.
      if (!row.deleted || row.synced_us >= until_us || gone == request.limit) continue;
      if (disturbs(tenant, row.synced_us) && !SLUICE_BUG(tombstones_too_soon)) continue;
      if (find_deferred(tenant, stream, name)) continue;
      if (referred_to(tenant, stream, row.id)) continue;
      state_.erase(rows, key);
      ++gone;
    }
    out.removed.emplace_back(stream, gone);
    out.more = out.more || gone == request.limit;
  }
  return out;
}

}  // namespace sluice::testing
