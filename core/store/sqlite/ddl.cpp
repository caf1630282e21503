// SQL that makes and widens the table of a stream.
#include "store/sqlite/stream.hpp"

namespace sluice::store::sqlite {

namespace {

const char* type_of(stored_type t) {
  switch (t) {
    case stored_type::identity:
    case stored_type::boolean:
    case stored_type::int64:
    case stored_type::row_id:
    case stored_type::origin: return "INTEGER";
    case stored_type::float64: return "REAL";
    case stored_type::hash: return "BLOB";
    // Decimals are texts: a numeric affinity would take their digits away.
    case stored_type::key:
    case stored_type::text:
    case stored_type::decimal:
    case stored_type::json:
    case stored_type::date:
    case stored_type::timestamp:
    case stored_type::run: break;
  }
  return "TEXT";
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + quoted_name(n);
  return out;
}

}  // namespace

// Names of streams and columns are checked by shape_of: they hold no quotes.
std::string quoted_name(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string create_table_sql(const stored_shape& shape) {
  std::string out = "CREATE TABLE " + quoted_name(shape.table) + " (";
  for (const stored_column& c : shape.columns) {
    out += quoted_name(c.name) + " " + type_of(c.type);
    if (c.type == stored_type::identity) out += " PRIMARY KEY";
    else if (!c.nullable) out += " NOT NULL";
    out += ", ";
  }
  return out + "UNIQUE (" + list(shape.unique) + ")) STRICT";
}

std::string add_column_sql(const std::string& table, const stored_column& c) {
  return "ALTER TABLE " + quoted_name(table) + " ADD COLUMN " + quoted_name(c.name) + " " + type_of(c.type);
}

std::string create_index_sql(const std::string& table, const std::vector<std::string>& columns) {
  std::string name = table;
  for (const std::string& c : columns) name += "_" + c;
  return "CREATE INDEX " + quoted_name(name + "_idx") + " ON " + quoted_name(table) + " (" + list(columns) +
         ")";
}

}  // namespace sluice::store::sqlite
