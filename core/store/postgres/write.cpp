// Writing the rows of a batch: new ones by COPY or arrays, changed ones by arrays.
#include <algorithm>

#include "engine/failpoint.hpp"
#include "store/errors.hpp"
#include "store/postgres/stream_writer.hpp"

namespace sluice::store::postgres {
namespace {
constexpr std::size_t rows_a_statement = 5'000;

bool may_be_refused(column_type t) {
  return t == column_type::decimal || t == column_type::json || t == column_type::date ||
         t == column_type::timestamp;
}
}  // namespace

// New rows that nothing depends on are checked as they are encoded, and their encoding by the server.
bool stream_writer::checks_while_copying() const {
  return !context_.careful && rows_.references.empty() && inserts_.size() >= copy_rows;
}

// Drops the rows with a value that no table can hold, before anything depends on them.
void stream_writer::check_values(decisions& list) {
  std::string scratch;
  for (decision& d : list) {
    const prepared_row& r = row(d);
    if (auto why = unstorable(rows_, r)) {
      rows_.refuse(d.index, std::move(why->first), std::move(why->second));
      d.dropped = true;
      continue;
    }
    for (const written_column& c : table_.columns) {
      if (c.from != value_source::cell || !may_be_refused(c.type)) continue;
      scratch.clear();
      auto why = append_cell(scratch, rows_.view(r)[static_cast<std::size_t>(c.at)], c.type, r.row);
      if (!why) continue;
      rows_.refuse(d.index, c.name, std::move(*why));
      d.dropped = true;
      break;
    }
  }
  std::erase_if(list, [](const decision& d) { return d.dropped; });
}

// Rows are locked in the order of their keys, so that two batches never wait for each other.
void stream_writer::write() {
  const auto by_key = [&](const decision& a, const decision& b) { return row(a).key < row(b).key; };
  if (!rows_.ascending) std::sort(inserts_.begin(), inserts_.end(), by_key);
  std::sort(updates_.begin(), updates_.end(), by_key);
  std::sort(tombstones_.begin(), tombstones_.end(), by_key);
  std::sort(raised_.begin(), raised_.end(), by_key);
  try {
    guarded(inserts_.size() >= copy_rows ? &stream_writer::copy : &stream_writer::insert, inserts_);
  } catch (const sql_failure& f) {
    if (f.key_taken()) throw overtaken();
    throw;
  }
  guarded(&stream_writer::update, updates_);
  tombstone();
  raise_versions();
  for (const decision& d : inserts_) {
    outcome& what = rows_.rows[d.index].what;
    if (what == outcome::pending) what = outcome::inserted;  // else it was refused on the way
  }
  for (const decision& d : updates_) rows_.rows[d.index].what = outcome::updated;
}

void stream_writer::guarded(sink how, const decisions& list) {
  const std::size_t step = how == &stream_writer::copy ? list.size() : rows_a_statement;
  for (std::size_t from = 0; from < list.size(); from += step) {
    const std::size_t count = std::min(step, list.size() - from);
    if (context_.careful) {
      bisect(how, list.data() + from, count);
    } else {
      (this->*how)(list.data() + from, count);
    }
  }
}

std::optional<std::string> stream_writer::append(std::string& out, const written_column& c,
                                                 const decision& d) {
  const prepared_row& r = row(d);
  switch (c.from) {
    case value_source::tenant: append_text(out, context_.tenant); break;
    case value_source::cell:
      return append_cell(out, rows_.view(r)[static_cast<std::size_t>(c.at)], c.type, r.row);
    case value_source::parent: {
      const std::int64_t id = d.parents[static_cast<std::size_t>(c.at)];
      id == 0 ? append_null(out) : append_int8(out, id);
      break;
    }
    case value_source::hash: append_hash(out, r.hash); break;
    case value_source::origin: append_int8(out, context_.pages[r.page].origin); break;
    case value_source::read_at: append_instant(out, r.age.read_at_us); break;
    case value_source::synced_at: append_instant(out, context_.now_us); break;
    case value_source::run: append_text(out, context_.run); break;  // sixteen bytes
  }
  return std::nullopt;
}

void stream_writer::insert(const decision* from, std::size_t count) {
  parameters values;
  for (const written_column& c : table_.columns) {
    array_builder column(c.element);
    for (std::size_t i = 0; i < count; ++i) {
      if (!append(column.bytes(), c, from[i])) column.added();
    }
    values.push_back(column.finish());
  }
  if (self_) {
    array_builder ids(oid::int8);
    for (std::size_t i = 0; i < count; ++i) ids.int8(from[i].id);
    values.push_back(ids.finish());
  }
  SLUICE_FAILPOINT("rows.before_insert");
  context_.db.query(self_ ? table_.insert_with_id : table_.insert, values);
}

// In pieces, so that the server stores the first rows while the others are still being encoded.
void stream_writer::copy(const decision* from, std::size_t count) {
  SLUICE_FAILPOINT("rows.before_insert");
  constexpr std::size_t piece = 64U << 10;
  std::size_t done = 0;
  context_.db.copy(self_ ? table_.copy_with_id : table_.copy, [&](std::string& out) {
    if (done == 0) append_copy_head(out);
    while (done < count && out.size() < piece) append_tuple(out, from[done++]);
    if (done < count) return true;
    append_copy_end(out);
    return false;
  });
}

// Or refuses the row, when a value of it can't be stored.
void stream_writer::append_tuple(std::string& out, const decision& d) {
  const std::size_t start = out.size();
  append_tuple_start(out, table_.columns.size() + (self_ ? 1 : 0));
  for (const written_column& c : table_.columns) {
    auto why = append(out, c, d);
    if (!why) continue;
    out.resize(start);
    auto known = unstorable(rows_, row(d));
    rows_.refuse(d.index, known ? std::move(known->first) : c.name,
                 known ? std::move(known->second) : std::move(*why));
    return;
  }
  if (self_) append_int8(out, d.id);
}

// Keys, versions and instants, as all statements on stored rows begin.
parameters stream_writer::keys_of(const decision* from, std::size_t count) const {
  std::vector<std::uint32_t> indices;
  indices.reserve(count);
  array_builder versions(oid::int8), instants(oid::timestamptz);
  for (std::size_t i = 0; i < count; ++i) {
    const recency& age = row(from[i]).age;
    indices.push_back(from[i].index);
    age.version ? versions.int8(*age.version) : versions.null();
    instants.instant(age.read_at_us);
  }
  parameters out = key_parameters(indices);
  out.push_back(versions.finish());
  out.push_back(instants.finish());
  return out;
}

void stream_writer::update(const decision* from, std::size_t count) {
  parameters values = keys_of(from, count);
  for (const written_column& c : table_.changed) {
    array_builder column(c.element);
    for (std::size_t i = 0; i < count; ++i) {
      if (!append(column.bytes(), c, from[i])) column.added();
    }
    values.push_back(column.finish());
  }
  SLUICE_FAILPOINT("rows.before_update");
  if (context_.db.query(table_.update, values).affected() != static_cast<std::int64_t>(count))
    throw overtaken();
}

void stream_writer::tombstone() {
  if (tombstones_.empty()) return;
  parameters values = keys_of(tombstones_.data(), tombstones_.size());
  values.push_back(encode_instant(context_.now_us));
  values.push_back(context_.run);
  SLUICE_FAILPOINT("rows.before_tombstone");
  const std::int64_t done = context_.db.query(table_.tombstone, values).affected();
  if (done != static_cast<std::int64_t>(tombstones_.size())) throw overtaken();
}

void stream_writer::raise_versions() {
  if (raised_.empty()) return;
  parameters values = keys_of(raised_.data(), raised_.size());
  values.pop_back();
  context_.db.query(table_.raise_version, values);
}
}  // namespace sluice::store::postgres
