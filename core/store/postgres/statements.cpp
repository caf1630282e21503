// The text of the statements on a stream's table. Look-ups by key are left joins from the batch to the
// table, and the tenant is a value of the batch. In any other form a planner that believes the table to be
// small may turn the join round, or read all rows of the tenant for each row of the batch.
#include "store/postgres/tables.hpp"

namespace sluice::store::postgres {

namespace {

std::string names_of(const std::vector<written_column>& columns) {
  std::string out;
  for (const written_column& c : columns) out += (out.empty() ? "" : ", ") + quoted(c.name);
  return out;
}

std::string parameter(std::size_t number, const std::string& type) {
  return "$" + std::to_string(number) + "::" + type;
}

std::string keys_equal(const std::vector<std::string>& key) {
  std::string out = "t.tenant_id = s.tenant";
  for (std::size_t i = 0; i < key.size(); ++i)
    out += " AND t." + quoted(key[i]) + " = s.k" + std::to_string(i);
  return out;
}

// The batch as a relation s(tenant, k0, ..., o): key arrays, then `more`. Behind OFFSET 0 nobody can see
// that the tenant is a constant.
std::string unnest(std::size_t keys, const std::vector<std::pair<std::string, std::string>>& more,
                   bool ordinality) {
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
  return "(SELECT $1::text AS tenant, x.* FROM unnest(" + arrays + ")" +
         (ordinality ? " WITH ORDINALITY" : "") + " AS x(" + names + (ordinality ? ", o)" : ")") +
         " OFFSET 0) s";
}

// How a row of a batch differs from what is stored: the rows that a probe gives back.
constexpr const char* found_columns =
    "s.o, t.id, t.deleted_at IS NULL, t.row_hash = s.h, t.source_version, "
    "(extract(epoch FROM t.read_at) * 1000000)::int8";
constexpr const char* differs =
    "(t.id IS NULL OR t.row_hash <> s.h OR t.deleted_at IS NOT NULL OR s.v > t.source_version"
    " OR (t.source_version IS NULL AND s.v IS NOT NULL))";
// The row may overwrite what is stored: the rule of `older`, said to the server once more, because
// another transaction may have written since the probe. So is that of `believed`.
constexpr const char* not_older =
    "NOT (CASE WHEN s.v <> t.source_version THEN s.v < t.source_version ELSE s.r < t.read_at AND t.read_at "
    "<= "
    "clock_timestamp() + interval '1 min' END)";

// (kind, external_id) >= ($5, $6) AND (kind, external_id) <= ($7, $8)
std::string between(const std::vector<std::string>& key, std::size_t first) {
  std::string low, high;
  for (std::size_t i = 0; i < key.size(); ++i) {
    low += (i == 0 ? "" : ", ") + parameter(first + i, "text");
    high += (i == 0 ? "" : ", ") + parameter(first + key.size() + i, "text");
  }
  return "(" + quoted_list(key) + ") >= (" + low + ") AND (" + quoted_list(key) + ") <= (" + high + ")";
}

// Hashes of live rows, 16 bytes each, in the order of their keys; with versions 24, and the least stands for none.
std::string range_hashes_sql(const stream_table& t, const std::string& table, bool versions) {
  const std::string row = versions ? "uuid_send(row_hash) || int8send(coalesce(source_version, " +
                                         std::string("-9223372036854775808))")
                                   : "uuid_send(row_hash)";
  return "SELECT count(*), string_agg(h, '') FROM (SELECT CASE WHEN deleted_at IS NULL THEN " + row +
         " END AS h FROM " + table + " WHERE tenant_id = $1::text AND " + between(t.key, 2) + " ORDER BY " +
         quoted_list(t.key) + " LIMIT " + parameter(2 + 2 * t.key.size(), "int8") + ") s";
}

void add_probes(stream_table& t, const std::string& table) {
  t.probe = std::string("SELECT ") + found_columns + " FROM " +
            unnest(t.key.size(), {{"h", "uuid"}, {"v", "int8"}}, true) + " LEFT JOIN " + table + " t ON " +
            keys_equal(t.key) + " WHERE " + differs;
  t.range_hashes = range_hashes_sql(t, table, false);
  t.range_versions = range_hashes_sql(t, table, true);
  t.range_used =
      "SELECT EXISTS (SELECT FROM " + table + " WHERE tenant_id = $1::text AND " + between(t.key, 2) + ")";
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
  t.insert_with_id = "INSERT INTO " + table + " (" + names +
                     ", id) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(" + arrays + ", " +
                     parameter(t.columns.size() + 1, "int8[]") + ")";
}

// The batch with the place of each stored row: a place leads to one row and can't be joined otherwise.
std::string places(const stream_table& t, const std::string& table,
                   const std::vector<std::pair<std::string, std::string>>& arrays) {
  return " FROM (SELECT s.*, t.ctid AS place FROM " + unnest(t.key.size(), arrays, false) + " LEFT JOIN " +
         table + " t ON " + keys_equal(t.key) + " OFFSET 0) s WHERE t.ctid = s.place AND ";
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
  t.tombstone =
      "UPDATE " + table + " t SET deleted_at = " + parameter(keys + 4, "timestamptz") +
      ", synced_at = " + parameter(keys + 4, "timestamptz") + ", run_id = " + parameter(keys + 5, "uuid") +
      ", read_at = s.r, source_version = coalesce(s.v, t.source_version)" +
      places(t, table, {{"v", "int8"}, {"r", "timestamptz"}}) + "t.deleted_at IS NULL AND " + not_older;
  t.raise_version = "UPDATE " + table + " t SET source_version = s.v" + places(t, table, {{"v", "int8"}}) +
                    "(t.source_version IS NULL OR t.source_version < s.v)";
  t.next_ids =
      "SELECT nextval((SELECT pg_get_serial_sequence('" + table +
      "', 'id')::regclass)) FROM generate_series(1, $1::int8)";  // a subquery: the name is looked up once
}

}  // namespace

std::string stream_table::set_parent_of(const std::string& column) const {
  const std::string table = qualified(schema, name);
  return "UPDATE " + table + " t SET " + quoted(column) +
         " = s.parent, synced_at = " + parameter(key.size() + 3, "timestamptz") +
         ", run_id = " + parameter(key.size() + 4, "uuid") + places(*this, table, {{"parent", "int8"}}) +
         "true";
}

void write_statements(stream_table& t) {
  const std::string table = qualified(t.schema, t.name);
  add_probes(t, table);
  add_inserts(t, table);
  add_updates(t, table);
}

std::string find_rows_sql(const std::string& schema, const std::string& table,
                          const std::vector<std::string>& key) {
  return "SELECT s.o, t.id FROM " + unnest(key.size(), {}, true) + " LEFT JOIN " + qualified(schema, table) +
         " t ON " + keys_equal(key) + " AND t.deleted_at IS NULL";
}

std::string count_held_sql(const std::string& schema, const std::string& table,
                           const std::vector<std::string>& key, const std::vector<std::string>& columns) {
  std::string counts = "count(t.id)";
  for (const std::string& c : columns) counts += ", count(t." + quoted(c) + ")";
  return "SELECT " + counts + " FROM " + unnest(key.size(), {}, false) + " LEFT JOIN " +
         qualified(schema, table) + " t ON " + keys_equal(key) + " AND t.deleted_at IS NULL";
}

}  // namespace sluice::store::postgres
