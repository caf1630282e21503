#include "store/schema.hpp"

#include <algorithm>

#include <sluice/stored_columns.hpp>

#include "store/errors.hpp"

namespace sluice::store {

namespace {

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.front() < 'a' || name.front() > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

[[noreturn]] void refuse_stream(const stream_schema& s, const std::string& why) {
  throw invalid(code::bad_stream,
                "stream `" + s.name + "` cannot be stored: " + why + "; change its plugin.json");
}

stored_type type_of(const stream_schema& s, const column& c) {
  if (std::find(s.key.begin(), s.key.end(), c.name) != s.key.end()) {
    if (c.type != column_type::text) refuse_stream(s, "the key column `" + c.name + "` is not text");
    return stored_type::key;
  }
  switch (c.type) {
    case column_type::boolean: return stored_type::boolean;
    case column_type::int64: return stored_type::int64;
    case column_type::float64: return stored_type::float64;
    case column_type::text: return stored_type::text;
    case column_type::decimal: return stored_type::decimal;
    case column_type::json: return stored_type::json;
    case column_type::date: return stored_type::date;
    case column_type::timestamp: return stored_type::timestamp;
  }
  return stored_type::text;
}

void check_names(const stream_schema& s, const stored_shape& shape) {
  if (!is_identifier(s.name) || s.name.starts_with("sluice_") || s.name.starts_with("sqlite_")) {
    refuse_stream(s, "its name is not a table's name (a-z, 0-9, _; not sluice_… or sqlite_…)");
  }
  if (s.key.empty() || s.key.size() > 2) refuse_stream(s, "a key has one or two columns");
  for (const column& c : s.columns) {
    if (!is_identifier(c.name)) refuse_stream(s, "`" + c.name + "` is not a column's name (a-z, 0-9, _)");
    if (is_stored_column(c.name)) {
      refuse_stream(s, "the column `" + c.name + "` has the name of one that the store makes");
    }
  }
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    for (std::size_t j = i + 1; j < shape.columns.size(); ++j) {
      if (shape.columns[i].name == shape.columns[j].name) {
        refuse_stream(s, "it would have two columns `" + shape.columns[i].name + "`");
      }
    }
  }
  for (const std::string& k : s.key) {
    if (column_index(s.columns, k) < 0)
      refuse_stream(s, "its key names the column `" + k + "`, which it has not");
  }
  for (const auto& index : s.indexes) {
    for (const std::string& name : index) {
      if (shape.find(name) == nullptr)
        refuse_stream(s, "an index names the column `" + name + "`, which it has not");
    }
  }
}

}  // namespace

const stored_column* stored_shape::find(std::string_view name) const {
  for (const stored_column& c : columns) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

stored_shape shape_of(const stream_schema& s) {
  stored_shape out;
  out.table = s.name;
  out.indexes = s.indexes;
  const auto layout = wire_layout(s);
  out.columns.push_back({"id", stored_type::identity, false, -1});
  out.columns.push_back({"tenant_id", stored_type::key, false, -1});
  for (std::size_t i = 0; i < s.columns.size(); ++i) {
    const stored_type type = type_of(s, s.columns[i]);
    out.columns.push_back({s.columns[i].name, type, type != stored_type::key, static_cast<int>(i)});
  }
  for (const reference& r : s.references) {
    if (!is_identifier(r.name)) refuse_stream(s, "`" + r.name + "` is not a reference's name (a-z, 0-9, _)");
    if (r.columns.empty() || r.columns.size() > 2)
      refuse_stream(s, "reference `" + r.name + "` needs one or two columns");
    out.columns.push_back({r.name + "_id", stored_type::row_id, true, -1});
  }
  out.columns.push_back(
      {std::string(attributes_column), stored_type::json, true, column_index(layout, attributes_column)});
  out.columns.push_back({std::string(source_version_column), stored_type::int64, true,
                         column_index(layout, source_version_column)});
  out.columns.push_back({"row_hash", stored_type::hash, false, -1});
  out.columns.push_back({"origin", stored_type::origin, false, -1});
  out.columns.push_back({"read_at", stored_type::timestamp, false, -1});
  out.columns.push_back({"synced_at", stored_type::timestamp, false, -1});
  out.columns.push_back({"run_id", stored_type::run, false, -1});
  out.columns.push_back({"deleted_at", stored_type::timestamp, true, -1});
  check_names(s, out);
  out.unique.emplace_back("tenant_id");
  out.unique.insert(out.unique.end(), s.key.begin(), s.key.end());
  return out;
}

}  // namespace sluice::store
