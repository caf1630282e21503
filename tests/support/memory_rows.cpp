// Rows, rejects, deferred rows and links of a memory store, and its accounts.
#include <algorithm>

#include "store/row_codec.hpp"
#include "support/memory_tables.hpp"

namespace sluice::testing {

using namespace store::embedded;
using lock = std::lock_guard<std::recursive_mutex>;

namespace {

memory_row filled(const writer& by, const row_write& w) {
  memory_row out;
  const store::prepared_row& row = *w.row;
  out.hash = row.hash;
  out.age = row.age;
  out.values = store::encode_row(w.stream->view(row), w.stream->layout, row.row);
  out.parents = w.parents;
  out.origin = w.origin;
  out.synced_us = by.now_us;
  out.run_id = by.run_id;
  return out;
}

bool by_age(const deferred_record& a, const deferred_record& b) {
  return std::tie(a.first_seen_us, a.stream, a.key) < std::tie(b.first_seen_us, b.stream, b.key);
}

template <class T>
void cut(std::vector<T>& all, int limit) {
  const auto keep = static_cast<std::size_t>(std::max(limit, 0));
  if (all.size() > keep) all.erase(all.begin() + static_cast<std::ptrdiff_t>(keep), all.end());
}

}  // namespace

std::optional<stored_row> memory_stream::find(std::string_view tenant, std::string_view key) {
  const row_key k{std::string(tenant), std::string(key)};
  const auto at = rows().find(k);
  if (at == rows().end()) return std::nullopt;
  by_id_[at->second.id] = k;
  return stored_row{at->second.id, at->second.hash, at->second.age, at->second.deleted};
}

void memory_stream::insert(const writer& by, const row_write& w) {
  memory_row row = filled(by, w);
  row.id = ++state_.last_id;
  state_.put(rows(), row_key{by.tenant, std::string(w.row->key)}, std::move(row));
}

void memory_stream::update(const writer& by, std::int64_t id, const row_write& w) {
  memory_row row = filled(by, w);
  row.id = id;
  state_.put(rows(), row_key{by.tenant, std::string(w.row->key)}, std::move(row));
}

void memory_stream::change(std::int64_t id, const std::function<void(memory_row&)>& how) {
  const row_key k = by_id_.at(id);
  memory_row row = rows().at(k);
  how(row);
  state_.put(rows(), k, std::move(row));
}

void memory_stream::tombstone(const writer& by, std::int64_t id, const store::recency& age) {
  change(id, [&](memory_row& row) {
    row.deleted = true;
    row.age.read_at_us = age.read_at_us;
    if (age.version) row.age.version = age.version;
    row.synced_us = by.now_us;
    row.run_id = by.run_id;
  });
}
void memory_stream::set_version(std::int64_t id, std::int64_t version) {
  change(id, [&](memory_row& row) { row.age.version = version; });
}
void memory_stream::set_parent(const writer& by, std::int64_t id, std::size_t reference,
                               std::int64_t parent) {
  change(id, [&](memory_row& row) {
    row.parents[reference] = parent;
    row.synced_us = by.now_us;
    row.run_id = by.run_id;
  });
}

void memory_tables::add_reject(const engine::reject_row& r) {
  engine::reject_row kept = r;
  kept.id = state_.rejects.empty() ? 1 : state_.rejects.rbegin()->first + 1;
  state_.put(state_.rejects, kept.id, kept);
}
void memory_tables::erase_reject(std::int64_t id) { state_.erase(state_.rejects, id); }
std::int64_t memory_tables::count_rejects(const std::string& run_id) {
  return std::count_if(state_.rejects.begin(), state_.rejects.end(),
                       [&](const auto& entry) { return entry.second.run_id == run_id; });
}
std::vector<engine::reject_row> memory_tables::rejects(const std::string& tenant, const std::string& run_id,
                                                       int limit) {
  const lock taken(state_.mutex);
  std::vector<engine::reject_row> out;
  for (const auto& [id, r] : state_.rejects) {
    if ((tenant.empty() || r.tenant == tenant) && (run_id.empty() || r.run_id == run_id)) out.push_back(r);
  }
  cut(out, limit);
  return out;
}

bool memory_tables::has_deferred(const std::string& tenant, const std::string& stream) {
  const auto at = state_.deferred.lower_bound(std::tuple(tenant, stream, std::string()));
  return at != state_.deferred.end() && at->second.tenant == tenant && at->second.stream == stream;
}
std::optional<deferred_record> memory_tables::find_deferred(const std::string& tenant,
                                                            const std::string& stream, std::string_view key) {
  const auto at = state_.deferred.find(std::tuple(tenant, stream, std::string(key)));
  if (at == state_.deferred.end()) return std::nullopt;
  return at->second;
}
void memory_tables::put_deferred(const deferred_record& r) {
  state_.put(state_.deferred, std::tuple(r.tenant, r.stream, r.key), r);
}
void memory_tables::erase_deferred(const std::string& tenant, const std::string& stream,
                                   std::string_view key) {
  state_.erase(state_.deferred, std::tuple(tenant, stream, std::string(key)));
}
std::vector<deferred_record> memory_tables::deferred(const std::string& tenant, int limit) {
  const lock taken(state_.mutex);
  std::vector<deferred_record> out;
  for (const auto& [key, d] : state_.deferred) {
    if (tenant.empty() || d.tenant == tenant) out.push_back(d);
  }
  std::stable_sort(out.begin(), out.end(), by_age);
  cut(out, limit);
  return out;
}
std::vector<deferred_record> memory_tables::expired(const std::string& tenant, std::int64_t now_us) {
  std::vector<deferred_record> out;
  for (const auto& [key, d] : state_.deferred) {
    if (d.tenant == tenant && d.expires_us <= now_us) out.push_back(d);
  }
  return out;
}
std::int64_t memory_tables::count_deferred(const std::string& run_id) {
  return std::count_if(state_.deferred.begin(), state_.deferred.end(),
                       [&](const auto& entry) { return entry.second.run_id == run_id; });
}

bool memory_tables::is_live(const std::string& tenant, const std::string& stream,
                            const std::string& key) const {
  const auto rows = state_.rows.find(stream);
  if (rows == state_.rows.end()) return false;
  const auto at = rows->second.find(std::tuple(tenant, key));
  return at != rows->second.end() && !at->second.deleted;
}
std::vector<deferred_record> memory_tables::resolvable(const std::string& tenant, int limit) {
  std::vector<deferred_record> out;
  for (const auto& [key, d] : state_.deferred) {
    if (d.tenant == tenant && is_live(tenant, d.parent_stream, d.parent_key)) out.push_back(d);
  }
  std::stable_sort(out.begin(), out.end(), by_age);
  cut(out, limit);
  return out;
}

bool memory_tables::has_links(const std::string& tenant, const std::string& stream) {
  const auto at = state_.links.lower_bound(std::tuple(tenant, stream, std::string(), std::string()));
  return at != state_.links.end() && at->second.tenant == tenant && at->second.stream == stream;
}
void memory_tables::add_link(const link_record& r) {
  state_.put(state_.links, std::tuple(r.tenant, r.stream, r.key, r.reference), r);
}
void memory_tables::erase_links(const std::string& tenant, const std::string& stream, std::string_view key) {
  std::vector<link_record> gone;
  for (auto at = state_.links.lower_bound(std::tuple(tenant, stream, std::string(key), std::string()));
       at != state_.links.end() && at->second.tenant == tenant && at->second.stream == stream &&
       at->second.key == key;
       ++at) {
    gone.push_back(at->second);
  }
  for (const link_record& r : gone) erase_link(r);
}
void memory_tables::erase_link(const link_record& r) {
  state_.erase(state_.links, std::tuple(r.tenant, r.stream, r.key, r.reference));
}
std::vector<link_record> memory_tables::resolvable_links(const std::string& tenant, int limit) {
  std::vector<link_record> out;
  for (const auto& [key, l] : state_.links) {
    if (l.tenant == tenant && is_live(tenant, l.parent_stream, l.parent_key)) out.push_back(l);
  }
  cut(out, limit);
  return out;
}

store::stage_account memory_tables::account(const stage_record& s) const {
  store::stage_account out;
  out.row.stage = s.stage;
  out.row.phase = s.phase;
  out.row.state = s.state;
  out.row.epoch = s.epoch;
  out.row.started_us = s.started_us;
  out.row.ended_us = s.ended_us;
  out.row.critical = s.critical;
  out.row.error_code = s.error_code;
  out.row.error = s.error;
  out.row.suspect = s.suspect;
  for (const auto& [key, entry] : entries_of(state_.items, s.run_id, s.stage)) {
    const engine::item& it = entry.first;
    (it.state == engine::item_state::open ? out.row.items_open : out.row.items_done) += 1;
    out.page_seq_sum += it.page_seq;
    if (it.state != engine::item_state::complete) continue;
    const auto last = state_.pages.find(std::tuple(s.run_id, s.stage, it.id, it.page_seq - 1));
    if (last == state_.pages.end() || !last->second.is_end) ++out.items_unended;
  }
  for (const auto& [key, line] : entries_of(state_.pages, s.run_id, s.stage)) {
    ++out.row.pages;
    out.row.records += line.records;
  }
  std::map<std::string, engine::row_counts> by_stream;
  for (const auto& [key, entry] : entries_of(state_.ledger, s.run_id, s.stage)) {
    by_stream[std::get<4>(key)] += entry.first;
    if (!entry.first.balances()) ++out.unbalanced;
  }
  out.row.streams.assign(by_stream.begin(), by_stream.end());
  return out;
}

std::vector<store::stage_account> memory_tables::accounts(const std::string& run_id) {
  const lock taken(state_.mutex);
  std::map<std::int64_t, const stage_record*> ordered;
  for (const auto& [key, s] : state_.stages) {
    if (s.run_id == run_id) ordered.emplace(state_.stage_order.at(key), &s);
  }
  std::vector<store::stage_account> out;
  for (const auto& [order, s] : ordered) out.push_back(account(*s));
  return out;
}

}  // namespace sluice::testing
