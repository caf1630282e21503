#include "store/postgres/tables.hpp"

namespace sluice::store::postgres {

namespace {

std::string column_sql(const stored_column& c) {
  const auto typed = [&]() -> std::string {
    switch (c.type) {
      case stored_type::identity: return "bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000)";
      case stored_type::key: return "text COLLATE \"C\"";
      case stored_type::boolean: return "boolean";
      case stored_type::int64:
      case stored_type::row_id:
      case stored_type::origin: return "bigint";
      case stored_type::float64: return "double precision";
      case stored_type::text: return "text";
      case stored_type::decimal: return "numeric";
      case stored_type::json: return "jsonb";
      case stored_type::date: return "date";
      case stored_type::timestamp: return "timestamptz";
      case stored_type::hash:
      case stored_type::run: return "uuid";
    }
    return "text";
  };
  return quoted(c.name) + " " + typed() + (c.nullable ? "" : " NOT NULL");
}

std::string list(const std::vector<std::string>& names, const std::string& prefix = "") {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + prefix + quoted(n);
  return out;
}

std::string names_of(const std::vector<written_column>& columns) {
  std::string out;
  for (const written_column& c : columns) out += (out.empty() ? "" : ", ") + quoted(c.name);
  return out;
}

std::string parameter(std::size_t number, const std::string& type) { return "$" + std::to_string(number) + "::" + type; }

std::string keys_equal(const std::vector<std::string>& key) {
  std::string out = "t.tenant_id = $1::text";
  for (std::size_t i = 0; i < key.size(); ++i) out += " AND t." + quoted(key[i]) + " = s.k" + std::to_string(i);
  return out;
}

// The batch as a relation s(k0, ..., o): key arrays, then `more`.
std::string unnest(std::size_t keys, const std::vector<std::pair<std::string, std::string>>& more, bool ordinality) {
  std::string arrays, names;
  std::size_t number = 2;
  for (std::size_t i = 0; i < keys; ++i, ++number) {
    arrays += (arrays.empty() ? "" : ", ") + parameter(number, "text[]");
    names += (names.empty() ? "k" : ", k") + std::to_string(i);
  }
  for (const auto& [name, type] : more) {
    arrays += (arrays.empty() ? "" : ", ") + parameter(number++, type + "[]");
    names += (names.empty() ? "" : ", ") + name;
  }
  return "unnest(" + arrays + ")" + (ordinality ? " WITH ORDINALITY" : "") + " AS s(" + names + (ordinality ? ", o)" : ")");
}

// How a row of a batch differs from what is stored: the rows that a probe gives back.
constexpr const char* found_columns =
    "s.o, t.id, t.deleted_at IS NULL, t.row_hash = s.h, t.source_version, "
    "(extract(epoch FROM t.read_at) * 1000000)::int8";
constexpr const char* differs =
    "(t.id IS NULL OR t.row_hash <> s.h OR t.deleted_at IS NOT NULL OR s.v > t.source_version"
    " OR (t.source_version IS NULL AND s.v IS NOT NULL))";
// The row may overwrite what is stored: the rule of `older`, said to the server once more, because
// another transaction may have written since the probe.
constexpr const char* not_older =
    "NOT (CASE WHEN s.v <> t.source_version THEN s.v < t.source_version ELSE s.r < t.read_at END)";

// (kind, external_id) >= ($5, $6) AND (kind, external_id) <= ($7, $8)
std::string between(const std::vector<std::string>& key, std::size_t first) {
  std::string low, high;
  for (std::size_t i = 0; i < key.size(); ++i) {
    low += (i == 0 ? "" : ", ") + parameter(first + i, "text");
    high += (i == 0 ? "" : ", ") + parameter(first + key.size() + i, "text");
  }
  return "(" + list(key) + ") >= (" + low + ") AND (" + list(key) + ") <= (" + high + ")";
}

std::string range_probe_sql(const stream_table& t, const std::string& table) {
  const std::size_t low = 2 + t.key.size() + 2, limit = low + 2 * t.key.size();
  std::string equal = "t.id IS NOT NULL";
  for (std::size_t i = 0; i < t.key.size(); ++i) {
    equal = (i == 0 ? "" : equal + " AND ") + "t." + quoted(t.key[i]) + " = s.k" + std::to_string(i);
  }
  return "WITH t AS MATERIALIZED (SELECT id, deleted_at, row_hash, source_version, read_at, " + list(t.key) + " FROM " +
         table + " WHERE tenant_id = $1::text AND " + between(t.key, low) + " LIMIT " + parameter(limit, "int8") +
         ") SELECT " + found_columns + " FROM " + unnest(t.key.size(), {{"h", "uuid"}, {"v", "int8"}}, true) +
         " LEFT JOIN t ON " + equal + " WHERE " + differs +
         " UNION ALL SELECT 0, count(*), false, false, 0, 0 FROM t HAVING count(*) >= " + parameter(limit, "int8");
}

void add_probes(stream_table& t, const std::string& table) {
  t.probe = std::string("SELECT ") + found_columns + " FROM " +
            unnest(t.key.size(), {{"h", "uuid"}, {"v", "int8"}}, true) + " LEFT JOIN " + table + " t ON " +
            keys_equal(t.key) + " WHERE " + differs;
  t.range_probe = range_probe_sql(t, table);
  t.range_used = "SELECT EXISTS (SELECT FROM " + table + " WHERE tenant_id = $1::text AND " + between(t.key, 2) + ")";
}

void add_inserts(stream_table& t, const std::string& table) {
  const std::string names = names_of(t.columns);
  t.copy = "COPY " + table + " (" + names + ") FROM STDIN BINARY";
  t.copy_with_id = "COPY " + table + " (" + names + ", id) FROM STDIN BINARY";
  std::string arrays;
  for (std::size_t i = 0; i < t.columns.size(); ++i) {
    arrays += (i == 0 ? "" : ", ") + parameter(i + 1, t.columns[i].sql_type + "[]");
  }
  t.insert = "INSERT INTO " + table + " (" + names + ") SELECT * FROM unnest(" + arrays + ")";
  t.insert_with_id = "INSERT INTO " + table + " (" + names + ", id) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(" +
                     arrays + ", " + parameter(t.columns.size() + 1, "int8[]") + ")";
}

// The batch with the place of each stored row. An inner join by key could be turned round: all rows of
// the tenant, and the whole batch for each. A left join can't, and a place leads to one row only.
std::string places(const stream_table& t, const std::string& table,
                   const std::vector<std::pair<std::string, std::string>>& arrays) {
  return " FROM (SELECT s.*, t.ctid AS place FROM " + unnest(t.key.size(), arrays, false) + " LEFT JOIN " + table + " t ON " +
         keys_equal(t.key) + " OFFSET 0) s WHERE t.ctid = s.place AND ";
}

void add_updates(stream_table& t, const std::string& table) {
  const std::size_t keys = t.key.size();
  std::vector<std::pair<std::string, std::string>> arrays = {{"v", "int8"}, {"r", "timestamptz"}};
  std::string set = "deleted_at = NULL";
  for (std::size_t i = 0; i < t.changed.size(); ++i) {
    arrays.emplace_back("c" + std::to_string(i), t.changed[i].sql_type);
    set += ", " + quoted(t.changed[i].name) + " = s.c" + std::to_string(i);
  }
  t.update = "UPDATE " + table + " t SET " + set + places(t, table, arrays) + not_older;
  t.tombstone = "UPDATE " + table + " t SET deleted_at = " + parameter(keys + 4, "timestamptz") + ", synced_at = " +
                parameter(keys + 4, "timestamptz") + ", run_id = " + parameter(keys + 5, "uuid") +
                ", read_at = s.r, source_version = coalesce(s.v, t.source_version)" +
                places(t, table, {{"v", "int8"}, {"r", "timestamptz"}}) + "t.deleted_at IS NULL AND " + not_older;
  t.raise_version = "UPDATE " + table + " t SET source_version = s.v" + places(t, table, {{"v", "int8"}}) +
                    "(t.source_version IS NULL OR t.source_version < s.v)";
  t.set_parent = "UPDATE " + table + " t SET @ = s.parent, synced_at = " + parameter(keys + 3, "timestamptz") + ", run_id = " +
                 parameter(keys + 4, "uuid") + places(t, table, {{"parent", "int8"}}) + "true";
  t.next_ids = "SELECT nextval(pg_get_serial_sequence('" + table + "', 'id')) FROM generate_series(1, $1::int8)";
}

written_column written(const stored_column& c, const stream_schema& s, const std::vector<column>& layout) {
  written_column out{c.name, "text", value_source::cell, oid::text, column_type::text, c.wire};
  const auto as = [&](value_source from, oid element, std::string type) {
    out.from = from, out.element = element, out.sql_type = std::move(type);
  };
  if (c.wire >= 0) {
    out.type = layout[static_cast<std::size_t>(c.wire)].type;
    as(value_source::cell, oid_of(out.type), std::string(sql_type(out.type)));
  } else if (c.type == stored_type::row_id) {
    as(value_source::parent, oid::int8, "bigint");
    for (std::size_t i = 0; i < s.references.size(); ++i) {
      if (s.references[i].name + "_id" == c.name) out.at = static_cast<int>(i);
    }
  } else if (c.type == stored_type::hash) {
    as(value_source::hash, oid::uuid, "uuid");
  } else if (c.type == stored_type::origin) {
    as(value_source::origin, oid::int8, "bigint");
  } else if (c.type == stored_type::run) {
    as(value_source::run, oid::uuid, "uuid");
  } else if (c.name == "tenant_id") {
    as(value_source::tenant, oid::text, "text");
  } else {
    as(c.name == "read_at" ? value_source::read_at : value_source::synced_at, oid::timestamptz, "timestamptz");
  }
  return out;
}

}  // namespace

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2U : 1U, c);
  return out + "\"";
}

std::string qualified(const std::string& schema, const std::string& table) { return quoted(schema) + "." + quoted(table); }

std::string create_sql(const std::string& schema, const stored_shape& shape) {
  std::string out = "CREATE TABLE " + qualified(schema, shape.table) + " (";
  for (const stored_column& c : shape.columns) out += column_sql(c) + ", ";
  // Only the external key begins with the tenant: see migrations.cpp.
  return out + "PRIMARY KEY (id, tenant_id), UNIQUE (" + list(shape.unique) + "))";
}

std::string add_column_sql(const std::string& schema, const std::string& table, const stored_column& c) {
  return "ALTER TABLE " + qualified(schema, table) + " ADD COLUMN " + column_sql(c);
}

std::string index_sql(const std::string& schema, const std::string& table, const std::vector<std::string>& columns) {
  return "CREATE INDEX ON " + qualified(schema, table) + " (" + list(columns) + ")";
}

stream_table table_of(const std::string& schema, const stream_schema& s) {
  stream_table t;
  t.schema = schema;
  t.name = s.name;
  t.key = s.key;
  const stored_shape shape = shape_of(s);
  const std::vector<column> layout = wire_layout(s);
  for (const stored_column& c : shape.columns) {
    if (c.type == stored_type::identity || c.name == "deleted_at") continue;
    t.columns.push_back(written(c, s, layout));
    if (c.type != stored_type::key) t.changed.push_back(t.columns.back());
  }
  for (const reference& r : s.references) t.references.push_back(r.name + "_id");
  const std::string table = qualified(schema, s.name);
  add_probes(t, table);
  add_inserts(t, table);
  add_updates(t, table);
  return t;
}

std::string find_rows_sql(const std::string& schema, const std::string& table, const std::vector<std::string>& key) {
  return "SELECT s.o, t.id FROM " + unnest(key.size(), {}, true) + " LEFT JOIN " + qualified(schema, table) + " t ON " +
         keys_equal(key) + " AND t.deleted_at IS NULL";
}

}  // namespace sluice::store::postgres
