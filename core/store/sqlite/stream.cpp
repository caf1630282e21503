#include "store/sqlite/stream.hpp"

#include <cmath>

#include "store/errors.hpp"
#include "store/sqlite/instants.hpp"

namespace sluice::store::sqlite {

using embedded::refused_value;

namespace {

std::array<std::uint8_t, 16> to_bytes(const engine::hash128& h) {
  std::array<std::uint8_t, 16> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<std::uint8_t>(h.hi >> (56 - 8 * i));
    out[8 + i] = static_cast<std::uint8_t>(h.lo >> (56 - 8 * i));
  }
  return out;
}

engine::hash128 to_hash(blob b) {
  engine::hash128 out;
  for (std::size_t i = 0; i < 8 && b.size() == 16; ++i) {
    out.hi = out.hi << 8 | b[i];
    out.lo = out.lo << 8 | b[8 + i];
  }
  return out;
}

std::string set_version_sql(const stream_schema& s) {
  return "UPDATE " + quoted_name(s.name) + " SET source_version=?2 WHERE id=?1";
}
std::string tombstone_sql(const stream_schema& s) {
  return "UPDATE " + quoted_name(s.name) +
         " SET deleted_at=?2, synced_at=?2, run_id=?3, read_at=?4, source_version=coalesce(?5, "
         "source_version) WHERE id=?1";
}

}  // namespace

std::vector<stream::slot> stream::plan(const stream_schema& schema) {
  std::vector<slot> out;
  std::size_t reference = 0;
  for (const stored_column& c : shape_of(schema).columns) {
    slot s;
    s.type = c.type;
    s.name = c.name;
    if (c.type == stored_type::identity || c.name == "deleted_at") continue;
    if (c.wire >= 0) s.wire = static_cast<std::size_t>(c.wire);
    else if (c.type == stored_type::row_id) s.what = role::parent, s.reference = reference++;
    else if (c.type == stored_type::hash) s.what = role::hash;
    else if (c.type == stored_type::origin) s.what = role::origin;
    else if (c.type == stored_type::run) s.what = role::run;
    else if (c.name == "read_at") s.what = role::read_at;
    else if (c.name == "synced_at") s.what = role::synced_at;
    else s.what = role::tenant;
    out.push_back(std::move(s));
  }
  return out;
}

std::string stream::find_sql(const stream_schema& schema) {
  std::string out = "SELECT id, row_hash, source_version, read_at, deleted_at IS NOT NULL FROM " +
                    quoted_name(schema.name) + " WHERE tenant_id=?1";
  for (std::size_t i = 0; i < schema.key.size(); ++i) {
    out += " AND " + quoted_name(schema.key[i]) + "=?" + std::to_string(i + 2);
  }
  return out;
}

std::string stream::insert_sql(const stream_schema& schema, const std::vector<slot>& slots) {
  std::string names, marks;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    names += (i == 0 ? "" : ", ") + quoted_name(slots[i].name);
    marks += (i == 0 ? "?" : ", ?") + std::to_string(i + 1);
  }
  return "INSERT INTO " + quoted_name(schema.name) + " (" + names + ") VALUES (" + marks + ")";
}

std::string stream::update_sql(const stream_schema& schema, const std::vector<slot>& slots) {
  std::string out = "UPDATE " + quoted_name(schema.name) + " SET deleted_at=NULL";
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].type != stored_type::key)
      out += ", " + quoted_name(slots[i].name) + "=?" + std::to_string(i + 1);
  }
  return out + " WHERE id=?" + std::to_string(slots.size() + 1);
}

stream::stream(database& db, stream_schema schema)
    : schema_(std::move(schema)),
      two_columns_(schema_.key.size() == 2),
      slots_(plan(schema_)),
      find_(db.prepare(find_sql(schema_))),
      insert_(db.prepare(insert_sql(schema_, slots_))),
      update_(db.prepare(update_sql(schema_, slots_))),
      tombstone_(db.prepare(tombstone_sql(schema_))),
      version_(db.prepare(set_version_sql(schema_))) {
  for (const reference& r : schema_.references) {
    parents_.push_back(db.prepare("UPDATE " + quoted_name(schema_.name) + " SET " +
                                  quoted_name(r.name + "_id") + "=?2, synced_at=?3, run_id=?4 WHERE id=?1"));
  }
}

std::optional<embedded::stored_row> stream::find(std::string_view tenant, std::string_view key) {
  const key_parts parts = split_key(key, two_columns_);
  const cursor guard(find_);
  find_.bind(1, tenant);
  if (two_columns_) find_.bind(2, parts.kind);
  find_.bind(two_columns_ ? 3 : 2, parts.id);
  if (!find_.step()) return std::nullopt;
  embedded::stored_row out;
  out.id = find_.number(0);
  out.hash = to_hash(find_.bytes(1));
  if (!find_.is_null(2)) out.age.version = find_.number(2);
  out.age.read_at_us = instant_us(find_.text(3));
  out.deleted = find_.number(4) != 0;
  return out;
}

void stream::bind_value(statement& s, int at, const slot& c, const embedded::row_write& w) {
  const column_view& view = w.stream->view(*w.row)[c.wire];
  const std::int64_t row = w.row->row;
  if (view.is_null(row)) {
    s.bind_null(at);
    return;
  }
  const auto keep = [&](std::optional<std::string> text) {
    if (!text)
      throw refused_value{c.name, "is outside of the years 0000 to 9999, which SQLite stores can keep"};
    s.bind(at, texts_.emplace_back(std::move(*text)));
  };
  switch (c.type) {
    case stored_type::boolean: s.bind(at, view.boolean(row)); break;
    case stored_type::int64: s.bind(at, view.int64(row)); break;
    case stored_type::date: keep(date_text(view.date(row))); break;
    case stored_type::timestamp: keep(instant_text(view.int64(row))); break;
    case stored_type::float64:
      if (std::isnan(view.float64(row)))
        throw refused_value{c.name, "is not a number, which SQLite cannot keep"};
      s.bind(at, view.float64(row));
      break;
    default: s.bind(at, view.text(row)); break;
  }
}

const std::string& stream::now_text(std::int64_t us) {
  if (now_.first != us) now_ = {us, instant_text(us).value_or("")};
  return now_.second;
}

void stream::bind_row(statement& s, const embedded::writer& by, const embedded::row_write& w) {
  texts_.clear();
  texts_.reserve(slots_.size());  // no move of a text that is bound already
  hash_ = to_bytes(w.row->hash);
  if (read_.first != w.row->age.read_at_us) {
    auto text = instant_text(w.row->age.read_at_us);
    if (!text)
      throw internal(code::bad_batch, "a page says that it was requested outside of the years 0000 to 9999");
    read_ = {w.row->age.read_at_us, std::move(*text)};
  }
  int at = 0;
  for (const slot& c : slots_) {
    ++at;
    switch (c.what) {
      case role::tenant: s.bind(at, std::string_view(by.tenant)); break;
      case role::value: bind_value(s, at, c, w); break;
      case role::parent: s.bind(at, w.parents[c.reference]); break;
      case role::hash: s.bind(at, blob(hash_.data(), hash_.size())); break;
      case role::origin: s.bind(at, w.origin); break;
      case role::read_at: s.bind(at, std::string_view(read_.second)); break;
      case role::synced_at: s.bind(at, std::string_view(now_text(by.now_us))); break;
      case role::run: s.bind(at, std::string_view(by.run_id)); break;
    }
  }
}

void stream::insert(const embedded::writer& by, const embedded::row_write& row) {
  const cursor guard(insert_);
  bind_row(insert_, by, row);
  insert_.run();
}

void stream::update(const embedded::writer& by, std::int64_t id, const embedded::row_write& row) {
  const cursor guard(update_);
  bind_row(update_, by, row);
  update_.bind(static_cast<int>(slots_.size()) + 1, id);
  update_.run();
}

void stream::tombstone(const embedded::writer& by, std::int64_t id, const recency& age) {
  const cursor guard(tombstone_);
  const std::string read_at = instant_text(age.read_at_us).value_or("");
  tombstone_.bind(1, id);
  tombstone_.bind(2, std::string_view(now_text(by.now_us)));
  tombstone_.bind(3, std::string_view(by.run_id));
  tombstone_.bind(4, std::string_view(read_at));
  tombstone_.bind(5, age.version);
  tombstone_.run();
}

void stream::set_version(std::int64_t id, std::int64_t version) {
  version_.bind(1, id);
  version_.bind(2, version);
  version_.run();
}

void stream::set_parent(const embedded::writer& by, std::int64_t id, std::size_t reference,
                        std::int64_t parent) {
  statement& s = parents_.at(reference);
  const cursor guard(s);
  s.bind(1, id);
  s.bind(2, parent);
  s.bind(3, std::string_view(now_text(by.now_us)));
  s.bind(4, std::string_view(by.run_id));
  s.run();
}

}  // namespace sluice::store::sqlite
