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
    as(c.name == "read_at" ? value_source::read_at : value_source::synced_at, oid::timestamptz,
       "timestamptz");
  }
  return out;
}

}  // namespace

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2U : 1U, c);
  return out + "\"";
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + quoted(n);
  return out;
}

std::string qualified(const std::string& schema, const std::string& table) {
  return quoted(schema) + "." + quoted(table);
}

std::string create_sql(const std::string& schema, const stored_shape& shape) {
  std::string out = "CREATE TABLE " + qualified(schema, shape.table) + " (";
  for (const stored_column& c : shape.columns) out += column_sql(c) + ", ";
  // Only the external key begins with the tenant: see migrations.cpp.
  return out + "PRIMARY KEY (id, tenant_id), UNIQUE (" + quoted_list(shape.unique) + "))";
}

std::string add_column_sql(const std::string& schema, const std::string& table, const stored_column& c) {
  return "ALTER TABLE " + qualified(schema, table) + " ADD COLUMN " + column_sql(c);
}

std::string index_sql(const std::string& schema, const std::string& table,
                      const std::vector<std::string>& columns) {
  return "CREATE INDEX ON " + qualified(schema, table) + " (" + quoted_list(columns) + ")";
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
  write_statements(t);
  return t;
}

}  // namespace sluice::store::postgres
