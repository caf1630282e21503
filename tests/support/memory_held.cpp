// What a memory store knows of a stream, and which of its rows hold a value.
#include <nlohmann/json.hpp>

#include "store/errors.hpp"
#include "support/memory_tables.hpp"

namespace sluice::testing {

namespace {

bool holds(const stream_schema& schema, const memory_row& row, const std::string& column) {
  if (column == source_version_column) return row.age.version.has_value();
  for (std::size_t i = 0; i < schema.references.size(); ++i) {
    if (schema.references[i].name + "_id" == column) return row.parents[i].has_value();
  }
  const nlohmann::json values = nlohmann::json::parse(row.values);
  return values.contains(column) && !values.at(column).is_null();
}

}  // namespace

const stream_schema& schema_in(const memory_state& state, const std::string& stream) {
  const auto claim = state.claims.find(stream);
  if (claim == state.claims.end()) {
    throw store::invalid(store::code::unknown_stream, "no plugin has declared stream `" + stream + "`");
  }
  return claim->second.schema;
}

engine::held_values held_in(memory_state& state, const std::string& tenant, const std::string& stream,
                            const std::vector<std::string>& columns, const std::vector<std::string>& keys) {
  const stream_schema& schema = schema_in(state, stream);
  engine::held_values out{0, std::vector<std::int64_t>(columns.size(), 0)};
  const auto& rows = state.rows[stream];
  for (const std::string& key : keys) {
    const auto at = rows.find({tenant, key});
    if (at == rows.end() || at->second.deleted) continue;
    ++out.rows;
    for (std::size_t i = 0; i < columns.size(); ++i)
      out.held[i] += holds(schema, at->second, columns[i]) ? 1 : 0;
  }
  return out;
}

}  // namespace sluice::testing
