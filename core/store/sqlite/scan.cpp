// The rows of a stream in the order of their keys, as batches.
#include <algorithm>

#include <sluice/batch_builder.hpp>

#include "store/errors.hpp"
#include "store/schema.hpp"
#include "store/sqlite/inspector.hpp"
#include "store/sqlite/instants.hpp"

namespace sluice::store::sqlite {

namespace {

constexpr std::size_t page_bytes = 16U << 20;

// Where things stand in a selected row.
enum fixed_column { id_at, hash_at, deleted_at, read_at, run_at, pipeline_at, entry_at, first_cell };

struct parent_columns {
  int at = 0;     // NAME_id, then tenant and tombstone of the parent, then its key
  int wire = -1;  // where its key stands in the wire layout
  std::size_t keys = 0;
};

class scanner {
 public:
  scanner(database& db, const stream_schema& schema, const std::vector<std::string>& known)
      : db_(db), schema_(schema), layout_(wire_layout(schema)) {
    const std::string table = quoted_name(schema.name);
    std::string joins;
    select_ = "SELECT t.id, t.row_hash, t.deleted_at IS NOT NULL, t.read_at, t.run_id, o.pipeline, o.entry";
    at_ = first_cell;
    for (const stored_column& c : shape_of(schema).columns) {
      if (c.wire < 0) continue;
      select_ += ", t." + quoted_name(c.name);
      cells_.push_back(c);
      ++at_;
    }
    for (const reference& r : schema.references) {
      const bool there = std::find(known.begin(), known.end(), r.to) != known.end();
      add_parent(r, there, joins);
    }
    select_ += " FROM " + table + " t LEFT JOIN sluice_origins o ON o.id = t.origin" + joins;
  }

  engine::stored_page page(const engine::scan_request& q) {
    statement s = db_.prepare(select_ + where(q) + " LIMIT " + std::to_string(q.limit + 1));
    const key_parts parts = split_key(q.after, schema_.key.size() == 2);
    s.bind(1, std::string_view(q.tenant));
    if (!q.after.empty()) {
      if (schema_.key.size() == 2) s.bind(2, parts.kind);
      s.bind(schema_.key.size() == 2 ? 3 : 2, parts.id);
    }
    engine::stored_page out;
    out.schema = schema_;
    batch_builder rows(layout_);
    while (s.step()) {
      if (rows.rows() >= q.limit || rows.bytes() >= page_bytes) {
        out.more = true;
        break;
      }
      add_row(s, q.tenant, rows, out.about.emplace_back());
    }
    out.rows = rows.finish();
    return out;
  }

 private:
  void add_parent(const reference& r, bool there, std::string& joins) {
    parent_columns p{at_, column_index(layout_, r.name + "." + r.columns.front()), r.columns.size()};
    const std::string alias = "p" + std::to_string(parents_.size());
    select_ += ", t." + quoted_name(r.name + "_id");
    select_ += there ? ", " + alias + ".tenant_id, " + alias + ".deleted_at IS NOT NULL" : ", NULL, NULL";
    for (const std::string& c : r.columns) select_ += there ? ", " + alias + "." + quoted_name(c) : ", NULL";
    if (there) {
      joins += " LEFT JOIN " + quoted_name(r.to) + " " + alias + " ON " + alias + ".id = t." +
               quoted_name(r.name + "_id");
    }
    at_ += 3 + static_cast<int>(p.keys);
    parents_.push_back(p);
  }

  [[nodiscard]] std::string where(const engine::scan_request& q) const {
    std::string names, marks;
    for (std::size_t i = 0; i < schema_.key.size(); ++i) {
      names += (i == 0 ? "t." : ", t.") + quoted_name(schema_.key[i]);
      marks += (i == 0 ? "?" : ", ?") + std::to_string(i + 2);
    }
    std::string out = " WHERE t.tenant_id = ?1";
    if (!q.after.empty()) out += " AND (" + names + (q.including ? ") >= (" : ") > (") + marks + ")";
    return out + " ORDER BY " + names;
  }

  void add_row(const statement& s, const std::string& tenant, batch_builder& rows,
               engine::stored_info& about) {
    about.id = s.number(id_at);
    const blob hash = s.bytes(hash_at);
    for (std::size_t i = 0; i < 8 && hash.size() == 16; ++i) {
      about.hash.hi = about.hash.hi << 8 | hash[i];
      about.hash.lo = about.hash.lo << 8 | hash[8 + i];
    }
    about.deleted = s.number(deleted_at) != 0;
    about.read_at_us = instant_us(s.text(read_at));
    about.run_id = s.string(run_at);
    about.pipeline = s.string(pipeline_at);
    about.entry = s.string(entry_at);
    int at = first_cell;
    for (const stored_column& c : cells_) add_cell(s, at++, c, rows);
    about.key = key_of(s);
    for (std::size_t i = 0; i < parents_.size(); ++i)
      about.parents.push_back(add_parent_key(s, tenant, i, about, rows));
    rows.next_row();
  }

  static void add_cell(const statement& s, int at, const stored_column& c, batch_builder& rows) {
    if (s.is_null(at)) return;
    column_builder& out = rows[static_cast<std::size_t>(c.wire)];
    switch (c.type) {
      case stored_type::boolean: out.boolean(s.number(at) != 0); break;
      case stored_type::int64: out.int64(s.number(at)); break;
      case stored_type::float64: out.float64(s.real(at)); break;
      case stored_type::date: out.date(static_cast<std::int32_t>(date_days(s.text(at)))); break;
      case stored_type::timestamp: out.int64(instant_us(s.text(at))); break;
      default: out.text(s.text(at)); break;
    }
  }

  [[nodiscard]] std::string key_of(const statement& s) const {
    std::string out;
    for (std::size_t i = 0; i < schema_.key.size(); ++i) {
      if (i > 0) out += key_separator;
      for (std::size_t c = 0; c < cells_.size(); ++c) {
        if (cells_[c].name == schema_.key[i]) out += s.text(first_cell + static_cast<int>(c));
      }
    }
    return out;
  }

  engine::parent_state add_parent_key(const statement& s, const std::string& tenant, std::size_t index,
                                      const engine::stored_info& about, batch_builder& rows) {
    const parent_columns& p = parents_[index];
    const auto set = [&](std::size_t i, std::string_view text) {
      rows[static_cast<std::size_t>(p.wire) + i].text(text);
    };
    if (s.is_null(p.at)) {
      auto link = db_.query(
          "SELECT parent_key FROM sluice_pending_links WHERE tenant=? AND stream=? AND key=? AND reference=?",
          tenant, schema_.name, about.key, schema_.references[index].name);
      if (!link.next()) return engine::parent_state::none;
      const key_parts key = split_key(link->text(0), p.keys == 2);
      if (p.keys == 2) set(0, key.kind);
      set(p.keys - 1, key.id);
      return engine::parent_state::waiting;
    }
    if (s.is_null(p.at + 1)) return engine::parent_state::missing;
    for (std::size_t i = 0; i < p.keys; ++i) set(i, s.text(p.at + 3 + static_cast<int>(i)));
    if (s.text(p.at + 1) != tenant) return engine::parent_state::foreign;
    return s.number(p.at + 2) != 0 ? engine::parent_state::deleted : engine::parent_state::live;
  }

  database& db_;
  const stream_schema& schema_;
  std::vector<column> layout_;
  std::vector<stored_column> cells_;
  std::vector<parent_columns> parents_;
  std::string select_;
  int at_ = 0;
};

}  // namespace

engine::stored_page inspector::scan(const engine::scan_request& request) {
  const stream_schema schema = schema_of(request.stream);
  return scanner(db_, schema, tables_.stream_names()).page(request);
}

}  // namespace sluice::store::sqlite
