// What is stored under the keys of a batch, and what that makes of its rows.
#include <algorithm>
#include <cstring>

#include "store/postgres/stream_writer.hpp"
#include "store/postgres/waiting_sql.hpp"

namespace sluice::store::postgres {

namespace {

// Worth a closer look: not plain ASCII, or a NUL in it.
bool suspicious(std::string_view key) {
  return std::any_of(key.begin(), key.end(), [](char c) { return c <= 0; });
}

}  // namespace

stream_writer::stream_writer(write_context& context, const stream_table& table, prepared_stream& batch)
    : context_(context), table_(table), rows_(batch) {
  for (const reference_plan& r : rows_.references) self_ = self_ || r.self;
  drop_refused();
}

std::optional<statement> stream_writer::look_up() const {
  if (asked_.empty()) return std::nullopt;
  if (compares()) return range_hashes();
  if (!asks_whether_any()) return probe_of(asked_);
  statement out{table_.range_used, {context_.tenant}};
  append_bounds(out.values);
  return out;
}

void stream_writer::run(bool has_deferred, bool has_links, const rows* found) {
  const std::size_t asked = asked_.size();
  if (has_deferred && !context_.resolving) look_for_newer_twins();
  probe(asked == asked_.size() ? found : nullptr);
  if (!checks_while_copying()) check_values(inserts_);
  check_values(updates_);
  find_parents();
  write();
  if (has_deferred) drop_twins();
  defer();
  if (has_links || !links_.empty()) link();
}

void stream_writer::drop_refused() {
  for (const std::uint32_t i : rows_.pending) {
    const prepared_row& r = rows_.rows[i];
    if (!context_.refused->empty()) {
      const auto known = context_.refused->find({rows_.schema->name, std::string(r.key)});
      if (known != context_.refused->end()) {
        rows_.refuse(i, known->second.first, known->second.second);
        continue;
      }
    }
    // A key that the server can't take would fail the look-up of all the others.
    if (suspicious(r.key)) {
      if (auto why = unstorable(rows_, r)) {
        rows_.refuse(i, std::move(why->first), std::move(why->second));
        continue;
      }
    }
    asked_.push_back(i);
  }
}

parameters stream_writer::key_parameters(const std::vector<std::uint32_t>& indices) const {
  array_builder kinds(oid::text), ids(oid::text);
  for (const std::uint32_t i : indices) {
    const key_parts key = split_key(rows_.rows[i].key, two_keys());
    if (two_keys()) kinds.text(key.kind);
    ids.text(key.id);
  }
  parameters out{context_.tenant};
  if (two_keys()) out.push_back(kinds.finish());
  out.push_back(ids.finish());
  return out;
}

void stream_writer::append_bounds(parameters& to) const {
  for (const std::string_view bound : {rows_.lowest, rows_.highest}) {
    const key_parts key = split_key(bound, two_keys());
    if (two_keys()) to.emplace_back(key.kind);
    to.emplace_back(key.id);
  }
}

void stream_writer::append_hashes(parameters& to, const std::vector<std::uint32_t>& indices) const {
  array_builder hashes(oid::uuid), versions(oid::int8);
  for (const std::uint32_t i : indices) {
    const prepared_row& r = rows_.rows[i];
    hashes.hash(r.hash);
    r.age.version ? versions.int8(*r.age.version) : versions.null();
  }
  to.push_back(hashes.finish());
  to.push_back(versions.finish());
}

// A deferred row with the same key that is newer than ours stays, and ours is stale.
void stream_writer::look_for_newer_twins() {
  if (asked_.empty()) return;
  array_builder keys(oid::text);
  for (const std::uint32_t i : asked_) keys.text(rows_.rows[i].key);
  const rows found = context_.db.query(find_twins, {context_.tenant, rows_.schema->name, keys.finish()});
  for (std::size_t n = 0; n < found.size(); ++n) {
    recency twin{std::nullopt, found.number(n, 2)};
    if (!found.is_null(n, 1)) twin.version = found.number(n, 1);
    prepared_row& r = rows_.rows[asked_[static_cast<std::size_t>(found.number(n, 0) - 1)]];
    if (older(r.age, believed(twin, context_.now_us))) r.what = outcome::stale;
  }
  std::erase_if(asked_, [&](std::uint32_t i) { return rows_.rows[i].what == outcome::stale; });
}

// Many rows in no order.
bool stream_writer::asks_whether_any() const {
  return !context_.point_probes && !rows_.ascending && asked_.size() >= bulk_rows;
}

void stream_writer::all_new() {
  for (const std::uint32_t i : asked_) {
    prepared_row& r = rows_.rows[i];
    r.what = r.deleted ? outcome::unchanged : outcome::pending;
    if (!r.deleted) inserts_.push_back({i});
  }
}

// `found`: the answer to look_up(), if it was asked.
void stream_writer::probe(const rows* found) {
  if (asked_.empty()) return;
  const auto look = found == nullptr ? look_up() : std::nullopt;
  rows asked;
  if (look) {
    asked = context_.db.query(*look);
    found = &asked;
  }
  if (compares()) {
    if (!compare(*found)) probe_for(asked_);
  } else if (asks_whether_any()) {
    found->boolean(0, 0) ? probe_for(asked_) : all_new();
  } else {
    classify(asked_, *found);
  }
}

statement stream_writer::probe_of(const std::vector<std::uint32_t>& indices) const {
  statement out{table_.probe, key_parameters(indices)};
  append_hashes(out.values, indices);
  return out;
}

void stream_writer::probe_for(const std::vector<std::uint32_t>& indices) {
  classify(indices, context_.db.query(probe_of(indices)));
}

// What the probe does not mention is stored with the same hash.
void stream_writer::classify(const std::vector<std::uint32_t>& indices, const rows& found) {
  for (const std::uint32_t i : indices) rows_.rows[i].what = outcome::unchanged;
  for (std::size_t n = 0; n < found.size(); ++n) {
    classify_one(indices[static_cast<std::size_t>(found.number(n, 0) - 1)], found, n);
  }
}

void stream_writer::classify_one(std::uint32_t index, const rows& found, std::size_t n) {
  prepared_row& r = rows_.rows[index];
  const std::int64_t id = found.number(n, 1);
  if (found.is_null(n, 1)) {  // absent
    if (r.deleted) return;
    inserts_.push_back({index});
    r.what = outcome::pending;
    return;
  }
  const bool live = found.boolean(n, 2), same = found.boolean(n, 3);
  recency stored{std::nullopt, found.number(n, 5)};
  if (!found.is_null(n, 4)) stored.version = found.number(n, 4);
  const bool newer_version = r.age.version && (!stored.version || *r.age.version > *stored.version);
  if (live && same && !r.deleted) {
    if (newer_version) raised_.push_back({index, id, live});
  } else if (older(r.age, believed(stored, context_.now_us))) {
    r.what = outcome::stale;
  } else if (r.deleted && live) {
    tombstones_.push_back({index, id, live});
    r.what = outcome::deleted;
  } else if (r.deleted) {
    if (newer_version) raised_.push_back({index, id, live});
  } else {
    updates_.push_back({index, id, live});
    r.what = outcome::pending;
  }
}

}  // namespace sluice::store::postgres
