#include "support/memory_tables.hpp"

#include <algorithm>

#include "store/errors.hpp"

namespace sluice::testing {
using namespace store::embedded;  // the records, and nothing else, are named so
using lock = std::lock_guard<std::recursive_mutex>;

namespace {
template <class Map, class Key>
auto find_in(const Map& m, const Key& k) -> std::optional<typename Map::mapped_type> {
  const auto at = m.find(k);
  if (at == m.end()) return std::nullopt;
  return at->second;
}

template <class T>
std::vector<T> first(std::vector<T> all, int limit) {
  if (limit < 0) limit = 0;
  if (all.size() > static_cast<std::size_t>(limit)) all.erase(all.begin() + limit, all.end());
  return all;
}
}  // namespace

void memory_tables::begin() {
  state_.mutex.lock();
  state_.undo.clear();
  if (!faults_.on_begin) return;
  try {
    faults_.on_begin();
  } catch (...) {
    state_.mutex.unlock();
    throw;
  }
}

void memory_tables::commit() {
  const std::unique_lock<std::recursive_mutex> taken(state_.mutex, std::adopt_lock);
  try {
    if (faults_.before_commit) faults_.before_commit();
  } catch (...) {
    for (auto step = state_.undo.rbegin(); step != state_.undo.rend(); ++step) (*step)();
    state_.undo.clear();
    throw;
  }
  if (!state_.undo.empty()) ++state_.changes;
  state_.undo.clear();
  if (faults_.after_commit) faults_.after_commit();
}

void memory_tables::rollback() noexcept {
  for (auto step = state_.undo.rbegin(); step != state_.undo.rend(); ++step) (*step)();
  state_.undo.clear();
  state_.mutex.unlock();
}

stream_table* memory_tables::find_stream(std::string_view name) {
  const lock taken(state_.mutex);
  if (const auto at = streams_.find(name); at != streams_.end()) return at->second.get();
  const auto claim = state_.claims.find(std::string(name));
  if (claim == state_.claims.end()) return nullptr;
  auto made = std::make_unique<memory_stream>(state_, claim->second.schema);
  return streams_.emplace(std::string(name), std::move(made)).first->second.get();
}

std::optional<lease_record> memory_tables::find_lease(const std::string& tenant, const std::string& pipeline,
                                                      const std::string& scope) {
  return find_in(state_.leases, std::tuple(tenant, pipeline, scope));
}
void memory_tables::put_lease(const lease_record& r) {
  state_.put(state_.leases, std::tuple(r.tenant, r.pipeline, r.scope), r);
}

std::optional<run_record> memory_tables::find_run(const std::string& run_id) {
  const lock taken(state_.mutex);
  return find_in(state_.runs, run_id);
}
void memory_tables::put_run(const run_record& r) {
  if (!state_.runs.contains(r.row.run_id)) {
    state_.put(state_.run_order, r.row.run_id, static_cast<std::int64_t>(state_.run_order.size()));
  }
  state_.put(state_.runs, r.row.run_id, r);
}

std::vector<engine::run_row> memory_tables::runs(const engine::run_filter& filter) {
  const lock taken(state_.mutex);
  std::vector<std::pair<std::int64_t, const run_record*>> found;
  const auto before = find_in(state_.run_order, filter.before_run_id);
  for (const auto& [id, r] : state_.runs) {
    const std::int64_t order = state_.run_order.at(id);
    if (!filter.tenant.empty() && r.row.tenant != filter.tenant) continue;
    if (!filter.state.empty() && engine::to_string(r.row.state) != filter.state) continue;
    if (before && order >= *before) continue;
    found.emplace_back(order, &r);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<engine::run_row> out;
  for (const auto& [order, r] : first(found, filter.limit)) out.push_back(r->row);
  return out;
}

void memory_tables::see_tenant(const std::string& tenant, std::int64_t at_us) {
  state_.put(state_.tenants, tenant, at_us);
}

std::int64_t memory_tables::origin(const std::string& pipeline, const std::string& entry) {
  const auto key = std::tuple(pipeline, entry);
  if (!state_.origins.contains(key))
    state_.put(state_.origins, key, static_cast<std::int64_t>(state_.origins.size()) + 1);
  return state_.origins.at(key);
}

std::optional<stage_record> memory_tables::find_stage(const std::string& run_id, const std::string& stage) {
  return find_in(state_.stages, std::tuple(run_id, stage));
}
void memory_tables::put_stage(const stage_record& r) {
  const auto key = std::tuple(r.run_id, r.stage);
  if (!state_.stages.contains(key)) {
    // Lines of this order are never removed, so that no two stages share a place.
    state_.put(state_.stage_order, key, static_cast<std::int64_t>(state_.stage_order.size()));
  }
  state_.put(state_.stages, key, r);
}

std::optional<engine::item> memory_tables::find_item(const std::string& run_id, const std::string& stage,
                                                     const std::string& item) {
  const auto found = find_in(state_.items, std::tuple(run_id, stage, item));
  if (!found) return std::nullopt;
  return found->first;
}
void memory_tables::add_item(const std::string& run_id, const std::string& stage, const engine::item& it) {
  if (find_item(run_id, stage, it.id)) {
    throw store::internal(store::code::bad_batch, "stage `" + stage + "` has an item " + it.id + " already");
  }
  put_item(run_id, stage, it, {});
}
void memory_tables::put_item(const std::string& run_id, const std::string& stage, const engine::item& it,
                             const commit_id& by) {
  state_.put(state_.items, std::tuple(run_id, stage, it.id), std::pair(it, by));
}
bool memory_tables::has_items(const std::string& run_id, const std::string& stage) {
  const auto at = state_.items.lower_bound(std::tuple(run_id, stage, std::string()));
  return at != state_.items.end() && std::get<0>(at->first) == run_id && std::get<1>(at->first) == stage;
}
std::vector<engine::item> memory_tables::open_items(const std::string& run_id, const std::string& stage) {
  std::vector<engine::item> out;
  for (auto at = state_.items.lower_bound(std::tuple(run_id, stage, std::string()));
       at != state_.items.end() && std::get<0>(at->first) == run_id && std::get<1>(at->first) == stage;
       ++at) {
    if (at->second.first.state == engine::item_state::open) out.push_back(at->second.first);
  }
  return out;
}
std::int64_t memory_tables::count_open_items(const std::string& run_id) {
  const entries_of items(state_.items, run_id);
  return std::count_if(items.begin(), items.end(), [](const auto& entry) {
    return entry.second.first.state == engine::item_state::open;
  });
}

void memory_tables::add_page(const page_line& line) {
  state_.put(state_.pages, std::tuple(line.run_id, line.stage, line.item, line.page_seq), line);
}
void memory_tables::add_counts(const count_line& line) {
  std::vector<std::string> keys(line.keys.begin(), line.keys.end());
  state_.put(state_.ledger, std::tuple(line.run_id, line.stage, line.item, line.page_seq, line.stream),
             std::pair(line.counts, std::move(keys)));
}

std::optional<engine::commit_result> memory_tables::pages_of(const std::string& run_id, const commit_id& id) {
  const lock taken(state_.mutex);
  std::map<std::int64_t, engine::page_result> by_ordinal;
  for (const auto& [key, line] : entries_of(state_.pages, run_id)) {
    if (line.id != id) continue;
    engine::page_result& page = by_ordinal[line.ordinal];
    const auto first_line = std::tuple(run_id, line.stage, line.item, line.page_seq, std::string());
    for (auto at = state_.ledger.lower_bound(first_line); at != state_.ledger.end(); ++at) {
      const auto& [run, stage, item, seq, stream] = at->first;
      if (std::tie(run, stage, item, seq) != std::tie(run_id, line.stage, line.item, line.page_seq)) break;
      page.streams.emplace_back(stream, at->second.first);
    }
  }
  if (by_ordinal.empty()) return std::nullopt;
  engine::commit_result out;
  for (auto& [ordinal, page] : by_ordinal) out.pages.push_back(std::move(page));
  return out;
}

std::int64_t memory_tables::next_line(const std::string& run_id, const std::string& item) {
  std::int64_t next = 0;
  for (const auto& [key, line] : entries_of(state_.ledger, run_id)) {
    if (std::get<2>(key) == item) next = std::max(next, std::get<3>(key) + 1);
  }
  return next;
}
}  // namespace sluice::testing
