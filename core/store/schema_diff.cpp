// What a changed declaration of a stream means for the table that exists.
#include <algorithm>

#include "store/errors.hpp"
#include "store/schema.hpp"

namespace sluice::store {

namespace {

std::string_view name_of(stored_type t) {
  switch (t) {
    case stored_type::boolean: return "bool";
    case stored_type::int64: return "int64";
    case stored_type::float64: return "float64";
    case stored_type::decimal: return "decimal";
    case stored_type::json: return "json";
    case stored_type::date: return "date";
    case stored_type::timestamp: return "timestamp";
    case stored_type::row_id: return "reference";
    case stored_type::identity:
    case stored_type::key:
    case stored_type::text:
    case stored_type::hash:
    case stored_type::origin:
    case stored_type::run: break;
  }
  return "text";
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
  return out;
}

// Which table a reference points to must not change: the stored ids would mean other rows.
void check_references(const stream_schema& was, const stream_schema& wanted) {
  for (const reference& now : wanted.references) {
    for (const reference& before : was.references) {
      if (before.name == now.name && before.to != now.to) {
        throw invalid(code::type_changed, "table `" + wanted.name + "`: reference `" + now.name +
                                              "` points to `" + before.to + "`, the plugin now says `" +
                                              now.to + "`; give the new reference another name");
      }
    }
  }
}

void check_columns(const stored_shape& was, const stored_shape& wanted, const std::string& plugin) {
  for (const stored_column& before : was.columns) {
    const stored_column* now = wanted.find(before.name);
    if (now == nullptr) {
      throw invalid(code::column_removed, "table `" + was.table + "`: plugin `" + plugin +
                                              "` no longer has the column `" + before.name +
                                              "`; keep it in plugin.json, or drop the table and sync anew");
    }
    if (now->type != before.type) {
      throw invalid(code::type_changed, "table `" + was.table + "`: column `" + before.name + "` is " +
                                            std::string(name_of(before.type)) + ", plugin `" + plugin +
                                            "` now says " + std::string(name_of(now->type)) +
                                            "; give the new column another name");
    }
  }
}

}  // namespace

stream_change diff_stream(const std::optional<stream_claim>& existing, const std::string& plugin,
                          const std::string& plugin_version, const stream_schema& wanted) {
  const stored_shape shape = shape_of(wanted);
  stream_change out;
  if (!existing) {
    out.create = true;
    out.rewrite_claim = true;
    return out;
  }
  if (existing->plugin != plugin) {
    throw invalid(code::claimed, "table `" + wanted.name + "` belongs to plugin `" + existing->plugin +
                                     "`; plugin `" + plugin +
                                     "` declares a stream of the same name; rename one of them");
  }
  if (existing->schema.key != wanted.key) {
    throw invalid(code::key_changed,
                  "table `" + wanted.name + "`: the key is (" + join(existing->schema.key) + "), plugin `" +
                      plugin + "` now says (" + join(wanted.key) + "); give the stream another name");
  }
  const stored_shape was = shape_of(existing->schema);
  check_references(existing->schema, wanted);
  check_columns(was, shape, plugin);
  for (const stored_column& c : shape.columns) {
    if (was.find(c.name) == nullptr) out.add.push_back(c);
  }
  for (const auto& index : shape.indexes) {
    if (std::find(was.indexes.begin(), was.indexes.end(), index) == was.indexes.end())
      out.add_indexes.push_back(index);
  }
  out.rewrite_claim = existing->plugin_version != plugin_version || !(existing->schema == wanted);
  return out;
}

std::vector<std::string> stream_change::lines(const std::string& table) const {
  std::vector<std::string> out;
  if (create) out.push_back("table `" + table + "` made");
  for (const stored_column& c : add) {
    out.push_back("table `" + table + "`: column `" + c.name + "` (" + std::string(name_of(c.type)) +
                  ") added");
  }
  for (const auto& index : add_indexes)
    out.push_back("table `" + table + "`: index on (" + join(index) + ") made");
  return out;
}

}  // namespace sluice::store
