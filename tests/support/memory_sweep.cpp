// What a memory store knows of things that were not seen, of watermarks, and of tenants that leave.
#include <algorithm>
#include <set>

#include "support/memory_tables.hpp"

namespace sluice::testing {

using namespace store::embedded;
using lock = std::lock_guard<std::recursive_mutex>;

std::optional<std::int64_t> memory_tables::earliest(const std::string& run_id) {
  std::optional<std::int64_t> out;
  for (const auto& [key, line] : state_.pages) {
    if (line.run_id == run_id) out = std::min(out.value_or(line.at_us), line.at_us);
  }
  return out;
}

std::optional<std::int64_t> memory_tables::greatest(const std::string& run_id, const std::string& stage) {
  std::optional<std::int64_t> out;
  for (const auto& [key, line] : entries_of(state_.pages, run_id, stage)) {
    if (line.high_us) out = std::max(out, line.high_us);
  }
  return out;
}

std::optional<std::int64_t> memory_tables::first_beside(const engine::run_row& run, std::int64_t us) {
  std::optional<std::int64_t> out;
  for (const auto& [id, other] : state_.runs) {
    const engine::run_row& r = other.row;
    if (r.tenant != run.tenant || id == run.run_id || (r.ended_us > 0 && r.ended_us < us)) continue;
    out = std::min(out.value_or(r.created_us), r.created_us);
  }
  return out;
}

std::int64_t memory_tables::records_before(const engine::run_row& run, const std::string& stage) {
  const std::string* last = nullptr;
  std::int64_t order = 0;
  for (const auto& [id, other] : state_.runs) {
    const engine::run_row& r = other.row;
    if (id == run.run_id ||
        std::tie(r.tenant, r.pipeline, r.scope) != std::tie(run.tenant, run.pipeline, run.scope)) {
      continue;
    }
    const auto s = state_.stages.find(std::tuple(id, stage));
    if (s == state_.stages.end() || s->second.state != engine::stage_state::complete) continue;
    if (const std::int64_t at = state_.run_order.at(id); last == nullptr || at > order)
      last = &id, order = at;
  }
  std::int64_t records = 0;
  if (last == nullptr) return 0;
  for (const auto& [key, line] : entries_of(state_.pages, *last, stage)) records += line.records.records;
  return records;
}

std::vector<engine::watermark_row> memory_tables::watermarks(const std::string& tenant,
                                                             const std::string& pipeline) {
  const lock taken(state_.mutex);
  std::vector<engine::watermark_row> out;
  for (const auto& [key, entry] : state_.watermarks) {
    if (std::get<0>(key) == tenant && std::get<1>(key) == pipeline) out.push_back(entry.first);
  }
  return out;
}
void memory_tables::put_watermark(const engine::run_row& run, const engine::watermark_row& w, std::int64_t) {
  state_.put(state_.watermarks, std::tuple(run.tenant, run.pipeline, w.stage), std::pair(w, run.run_id));
}

std::vector<engine::freshness_row> memory_tables::freshness(const std::string& tenant,
                                                            const std::string& pipeline,
                                                            const std::string& scope) {
  const lock taken(state_.mutex);
  std::map<std::string, engine::freshness_row> last;
  for (const auto& [key, s] : state_.stages) {
    const engine::run_row& r = state_.runs.at(s.run_id).row;
    if (std::tie(r.tenant, r.pipeline, r.scope) != std::tie(tenant, pipeline, scope)) continue;
    if (s.state != engine::stage_state::complete || s.suspect) continue;
    engine::freshness_row& row = last[s.stage];
    if (s.started_us >= row.started_us) row = {s.stage, r.manifest_hash, s.started_us};
  }
  std::vector<engine::freshness_row> out;
  for (auto& [stage, row] : last) out.push_back(std::move(row));
  return out;
}

std::set<std::string> memory_tables::seen(const std::string& tenant, const std::string& stream,
                                          std::int64_t since_us, std::int64_t requested_us) const {
  std::set<std::string> out;
  for (const auto& [key, line] : state_.ledger) {
    const auto& [run, stage, item, seq, name] = key;
    const auto page = state_.pages.find(std::tuple(run, stage, item, seq));
    if (name != stream || page == state_.pages.end() || page->second.at_us < since_us) continue;
    if (page->second.requested_us < requested_us) continue;
    if (state_.runs.at(run).row.tenant == tenant) out.insert(line.second.begin(), line.second.end());
  }
  return out;
}

std::vector<std::string> memory_tables::unseen(const std::string& tenant, const std::string& stream,
                                               std::int64_t origin, std::int64_t since_us) {
  const std::set<std::string> known = seen(tenant, stream, since_us);
  std::vector<std::string> out;
  for (const auto& [key, row] : state_.rows[stream]) {
    if (std::get<0>(key) != tenant || row.deleted || (origin != 0 && row.origin != origin)) continue;
    if (!known.contains(std::get<1>(key))) out.push_back(std::get<1>(key));
  }
  return out;
}

std::int64_t memory_tables::count_live(const std::string& tenant, const std::string& stream,
                                       std::int64_t origin) {
  const auto& rows = state_.rows[stream];
  return std::count_if(rows.begin(), rows.end(), [&](const auto& entry) {
    const memory_row& row = entry.second;
    return std::get<0>(entry.first) == tenant && !row.deleted && (origin == 0 || row.origin == origin);
  });
}

std::vector<std::string> memory_tables::orphans(const std::string& tenant, const std::string& stream,
                                                std::size_t reference) {
  const std::string& parent = state_.claims.at(stream).schema.references.at(reference).to;
  std::set<std::int64_t> gone;
  for (const auto& [key, row] : state_.rows[parent]) {
    if (row.deleted) gone.insert(row.id);
  }
  std::vector<std::string> out;
  for (const auto& [key, row] : state_.rows[stream]) {
    const auto& link = row.parents[reference];
    if (std::get<0>(key) == tenant && !row.deleted && link && gone.contains(*link)) {
      out.push_back(std::get<1>(key));
    }
  }
  return out;
}

std::vector<std::string> memory_tables::stream_names() {
  std::vector<std::string> out;
  for (const auto& [name, claim] : state_.claims) out.push_back(name);
  return out;
}

std::vector<std::string> memory_tables::streams_with_deletes(const std::string& run_id) {
  std::set<std::string> out;
  for (const auto& [key, line] : state_.ledger) {
    const bool any = line.first.deleted > 0 || line.first.swept > 0;
    if (std::get<0>(key) == run_id && any) out.insert(std::get<4>(key));
  }
  return {out.begin(), out.end()};
}

void memory_tables::hold(const std::string& run_id, const std::string& stream,
                         const std::vector<std::string>& keys, store::held_as why) {
  for (const std::string& key : keys) {
    const auto at = state_.held.find(std::tuple(run_id, stream, key));
    const store::held_as before = at == state_.held.end() ? why : at->second;
    state_.put(state_.held, std::tuple(run_id, stream, key), std::min(why, before));
  }
}
std::vector<held_row> memory_tables::held(const std::string& run_id) {
  std::vector<held_row> out;
  for (const auto& [key, why] : state_.held) {
    if (std::get<0>(key) == run_id) out.push_back({std::get<1>(key), std::get<2>(key), why});
  }
  return out;
}
void memory_tables::erase_held(const std::string& run_id) {
  for (const held_row& row : held(run_id)) state_.erase(state_.held, std::tuple(run_id, row.stream, row.key));
}

std::vector<engine::tenant_row> memory_tables::tenants() {
  const lock taken(state_.mutex);
  std::vector<engine::tenant_row> out;
  for (const auto& [tenant, seen_us] : state_.tenants) out.push_back({tenant, seen_us, seen_us});
  return out;
}

bool memory_tables::has_open_run(const std::string& tenant) {
  return std::any_of(state_.leases.begin(), state_.leases.end(), [&](const auto& entry) {
    return entry.second.tenant == tenant && !entry.second.run_id.empty();
  });
}

std::vector<std::pair<std::string, std::int64_t>> memory_tables::erase_tenant(const std::string& tenant) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  // Removes what `whose` says belongs to the tenant.
  const auto erase = [&](const std::string& table, auto& from, const auto& whose) {
    std::int64_t count = 0;
    auto copy = from;  // the undo log needs the map unchanged while it is walked
    for (const auto& [key, value] : copy) {
      if (!whose(key, value)) continue;
      state_.erase(from, key);
      ++count;
    }
    out.emplace_back(table, count);
  };
  const auto first_is = [&](const auto& key, const auto&) { return std::get<0>(key) == tenant; };
  const auto of_run = [&](const auto& key, const auto&) {
    const auto run = state_.runs.find(std::get<0>(key));
    return run != state_.runs.end() && run->second.row.tenant == tenant;
  };
  for (auto& [name, rows] : state_.rows) erase(name, rows, first_is);
  erase("items", state_.items, of_run);
  erase("pages", state_.pages, of_run);
  erase("ledger", state_.ledger, of_run);
  erase("stages", state_.stages, of_run);
  erase("held", state_.held, of_run);
  erase("rejects", state_.rejects, [&](const auto&, const auto& r) { return r.tenant == tenant; });
  erase("deferred", state_.deferred, first_is);
  erase("links", state_.links, first_is);
  erase("watermarks", state_.watermarks, first_is);
  erase("leases", state_.leases, first_is);
  erase("runs", state_.runs, [&](const auto&, const auto& r) { return r.row.tenant == tenant; });
  erase("tenants", state_.tenants, [&](const auto& key, const auto&) { return key == tenant; });
  return out;
}

}  // namespace sluice::testing
