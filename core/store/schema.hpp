// The stored shape of a stream: which columns its table has, and what a changed declaration means
// for a table that exists. A store maps `stored_type` to its own types and names nothing else.
//
// A table has, in this order: id, tenant_id, the declared columns (the keys among them), NAME_id for
// each reference, attributes, source_version, row_hash, origin, read_at, synced_at, run_id, deleted_at.
// Unique: (tenant_id, key columns). read_at is when the request that brought the row was sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/schema.hpp>

namespace sluice::store {

enum class stored_type : std::uint8_t {
  identity,  // the internal id, made by the store
  key,       // text that is compared byte by byte
  boolean,
  int64,
  float64,
  text,
  decimal,
  json,
  date,
  timestamp,
  row_id,  // the internal id of a parent, or null
  hash,    // 128 bits
  origin,  // id in the table of origins
  run,     // the text of a run's id
};

struct stored_column {
  std::string name;
  stored_type type = stored_type::text;
  bool nullable = true;
  int wire = -1;  // where its value stands in the wire layout; -1: the store makes it

  friend bool operator==(const stored_column&, const stored_column&) = default;
};

struct stored_shape {
  std::string table;
  std::vector<stored_column> columns;
  std::vector<std::string> unique;                // tenant_id and the key columns
  std::vector<std::vector<std::string>> indexes;  // as declared, nothing else

  [[nodiscard]] const stored_column* find(std::string_view name) const;
};

// Throws invalid (bad_stream) when no table can be made of the declaration: names that clash with
// the columns above, are not [a-z][a-z0-9_]{0,62}, start with sluice_, keys that are not text.
[[nodiscard]] stored_shape shape_of(const stream_schema& s);

// A declaration as JSON text, as the table of streams keeps it, and back.
[[nodiscard]] std::string to_json(const stream_schema& s);
[[nodiscard]] stream_schema stream_from_json(std::string_view text);

// What stands in the table of streams for one name.
struct stream_claim {
  std::string plugin, plugin_version;
  stream_schema schema;
};

struct stream_change {
  bool create = false;
  std::vector<stored_column> add;  // always nullable
  std::vector<std::vector<std::string>> add_indexes;
  bool rewrite_claim = false;  // the declaration or the version is another one
  [[nodiscard]] std::vector<std::string> lines(const std::string& table) const;  // for people
};

// What has to be done so that `wanted` can be stored. Throws invalid, with one line that says what
// and what to do, on: another plugin's table, a changed type or key, a removed column.
[[nodiscard]] stream_change diff_stream(const std::optional<stream_claim>& existing,
                                        const std::string& plugin, const std::string& plugin_version,
                                        const stream_schema& wanted);

}  // namespace sluice::store
