// The rows of a stream in the order of their keys, as batches.
#include <charconv>

#include <sluice/batch_builder.hpp>

#include "store/postgres/inspector.hpp"
#include "store/schema.hpp"

namespace sluice::store::postgres {

namespace {

constexpr std::size_t page_bytes = 16U << 20;

enum fixed_column { id_at, hash_at, deleted_at, read_at, run_at, pipeline_at, entry_at, first_cell };

constexpr const char* fixed =
    "SELECT t.id, t.row_hash, t.deleted_at IS NOT NULL, (extract(epoch FROM t.read_at) * 1000000)::int8, "
    "t.run_id, o.pipeline, o.entry";

struct parent_columns {
  int at = 0;     // NAME_id, then tenant and tombstone of the parent, then its key
  int wire = -1;  // where its key stands in the wire layout
  std::size_t keys = 0;
};

// As a text that add_cell reads without loss.
std::string shown(const stored_column& c) {
  const std::string name = "t." + quoted(c.name);
  switch (c.type) {
    case stored_type::timestamp: return "(extract(epoch FROM " + name + ") * 1000000)::int8";
    case stored_type::date: return name + " - DATE '1970-01-01'";
    default: return name;
  }
}

double to_double(std::string_view text) {
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);  // NaN and Infinity too
  return out;
}

void add_cell(column_builder& out, const rows& r, std::size_t n, int at, stored_type type) {
  if (r.is_null(n, at)) return;
  switch (type) {
    case stored_type::boolean: out.boolean(r.boolean(n, at)); break;
    case stored_type::int64:
    case stored_type::timestamp: out.int64(r.number(n, at)); break;
    case stored_type::float64: out.float64(to_double(r.text(n, at))); break;
    case stored_type::date: out.date(static_cast<std::int32_t>(r.number(n, at))); break;
    default: out.text(r.text(n, at)); break;
  }
}

engine::hash128 to_hash(std::string_view uuid) {
  engine::hash128 out;
  int digits = 0;
  for (const char c : uuid) {
    if (c == '-') continue;
    std::uint64_t& half = digits++ < 16 ? out.hi : out.lo;
    half = half << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return out;
}

class scanner {
 public:
  scanner(connection& db, const std::string& schema, const stream_schema& stream,
          const std::map<std::string, stream_schema>& known)
      : db_(db), stream_(stream), layout_(wire_layout(stream)), table_(qualified(schema, stream.name)) {
    select_ = fixed;
    for (const stored_column& c : shape_of(stream).columns) {
      if (c.wire < 0) continue;
      select_ += ", " + shown(c);
      cells_.push_back(c);
    }
    int at = first_cell + static_cast<int>(cells_.size());
    for (const reference& r : stream.references) {
      const bool there = known.contains(r.to);
      parents_.push_back({at, column_index(layout_, r.name + "." + r.columns.front()), r.columns.size()});
      add_parent(r, there ? qualified(schema, r.to) : std::string(), "p" + std::to_string(parents_.size()));
      at += 3 + static_cast<int>(r.columns.size());
    }
  }

  engine::stored_page page(const engine::scan_request& q) {
    const rows r = read(q);
    engine::stored_page out;
    out.schema = stream_;
    batch_builder rows(layout_);
    for (std::size_t n = 0; n < r.size(); ++n) {
      if (rows.rows() >= q.limit || rows.bytes() >= page_bytes) {
        out.more = true;
        break;
      }
      add_row(r, n, q.tenant, rows, out.about.emplace_back());
    }
    out.rows = rows.finish();
    return out;
  }

 private:
  void add_parent(const reference& r, const std::string& table, const std::string& alias) {
    select_ += ", t." + quoted(r.name + "_id");
    if (table.empty()) {
      for (std::size_t i = 0; i < r.columns.size() + 2; ++i) select_ += ", NULL";
      return;
    }
    select_ += ", " + alias + ".tenant_id, " + alias + ".deleted_at IS NOT NULL";
    for (const std::string& c : r.columns) select_ += ", " + alias + "." + quoted(c);
    joins_ += " LEFT JOIN " + table + " " + alias + " ON " + alias + ".id = t." + quoted(r.name + "_id");
  }

  // The page first: its few rows then find their parents by id.
  rows read(const engine::scan_request& q) {
    const std::string keys = quoted_list(stream_.key);
    parameters values{q.tenant};
    std::string where = " WHERE tenant_id = $1::text";
    if (!q.after.empty()) {
      const bool two = stream_.key.size() == 2;
      const key_parts parts = split_key(q.after, two);
      where +=
          " AND (" + keys + (q.including ? ") >= (" : ") > (") + (two ? "$2::text, $3::text)" : "$2::text)");
      if (two) values.emplace_back(parts.kind);
      values.emplace_back(parts.id);
    }
    std::string order;
    for (const std::string& k : stream_.key) order += (order.empty() ? "t." : ", t.") + quoted(k);
    return db_.query_once(select_ + " FROM (SELECT * FROM " + table_ + where + " ORDER BY " + keys +
                              " LIMIT " + std::to_string(q.limit + 1) +
                              ") t LEFT JOIN sluice.origins o ON o.id = t.origin" + joins_ + " ORDER BY " +
                              order,
                          values);
  }

  void add_row(const rows& r, std::size_t n, const std::string& tenant, batch_builder& rows,
               engine::stored_info& about) {
    about.id = r.number(n, id_at);
    about.hash = to_hash(r.text(n, hash_at));
    about.deleted = r.boolean(n, deleted_at);
    about.read_at_us = r.number(n, read_at);
    about.run_id = r.text(n, run_at);
    about.pipeline = r.text(n, pipeline_at);
    about.entry = r.text(n, entry_at);
    int at = first_cell;
    for (const stored_column& c : cells_)
      add_cell(rows[static_cast<std::size_t>(c.wire)], r, n, at++, c.type);
    for (std::size_t k = 0; k < stream_.key.size(); ++k) {
      if (k > 0) about.key += key_separator;
      const auto of = std::find_if(cells_.begin(), cells_.end(),
                                   [&](const stored_column& c) { return c.name == stream_.key[k]; });
      about.key += r.text(n, first_cell + static_cast<int>(of - cells_.begin()));
    }
    for (std::size_t i = 0; i < parents_.size(); ++i)
      about.parents.push_back(add_parent_key(r, n, tenant, i, about.key, rows));
    rows.next_row();
  }

  engine::parent_state add_parent_key(const rows& r, std::size_t n, const std::string& tenant,
                                      std::size_t index, const std::string& key, batch_builder& rows) {
    const parent_columns& p = parents_[index];
    const auto set = [&](std::size_t i, std::string_view text) {
      rows[static_cast<std::size_t>(p.wire) + i].text(text);
    };
    if (r.is_null(n, p.at)) {
      const auto link = db_.query(
          "SELECT parent_key FROM sluice.pending_links WHERE tenant = $1::text AND stream = $2::text "
          "AND key = $3::text AND reference = $4::text",
          {tenant, stream_.name, key, stream_.references[index].name});
      if (link.empty()) return engine::parent_state::none;
      const key_parts parts = split_key(link.text(0, 0), p.keys == 2);
      if (p.keys == 2) set(0, parts.kind);
      set(p.keys - 1, parts.id);
      return engine::parent_state::waiting;
    }
    if (r.is_null(n, p.at + 1)) return engine::parent_state::missing;
    for (std::size_t i = 0; i < p.keys; ++i) set(i, r.text(n, p.at + 3 + static_cast<int>(i)));
    if (r.text(n, p.at + 1) != tenant) return engine::parent_state::foreign;
    return r.boolean(n, p.at + 2) ? engine::parent_state::deleted : engine::parent_state::live;
  }

  connection& db_;
  const stream_schema& stream_;
  std::vector<column> layout_;
  std::string table_, select_, joins_;
  std::vector<stored_column> cells_;
  std::vector<parent_columns> parents_;
};

}  // namespace

engine::stored_page postgres_inspector::scan(const engine::scan_request& request) {
  const stream_schema& stream = schema_of(request.stream);
  return scanner(session_.db(), session_.schema_, stream, session_.streams_).page(request);
}

}  // namespace sluice::store::postgres
