// What a stream looks like: columns, key, references, measures; and the layout of its batches.
//
// A stream is declared once, in plugin.json. Its batches always have the same columns in the same
// order, the "wire layout":
//   1. the declared columns, in order;
//   2. for each reference, the target's key as text columns: "entity.kind", "entity.external_id";
//   3. the reserved ones: "attributes" (json), "source_version" (int64), "_deleted" (bool).
// The stored table is made from the same declaration; there a reference is one column "entity_id".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// The types that cross the plugin boundary, with their Arrow format and extension name.
enum class column_type : std::uint8_t {
  boolean,    // "b"
  int64,      // "l"
  float64,    // "g"
  text,       // "u"
  decimal,    // "u", sluice.decimal: plain notation, digits and scale kept: "12.50"
  json,       // "u", arrow.json
  date,       // "tdD": days since 1970-01-01
  timestamp,  // "tsu:UTC": microseconds since 1970-01-01T00:00:00Z
};

struct column {
  std::string name;
  column_type type = column_type::text;
  bool required = false;  // a row without it is rejected
  std::string description;

  friend bool operator==(const column&, const column&) = default;
};

enum class on_missing : std::uint8_t { defer, skip, reject };

// Rows of this stream point to rows of another (or the same) stream by its external key.
struct reference {
  std::string name;                  // "entity"; stored as "entity_id"
  std::string to;                    // the target stream
  std::vector<std::string> columns;  // the target's key columns, in order: {"kind", "external_id"}
  bool required = false;
  on_missing missing = on_missing::defer;
  std::chrono::seconds expire{24 * 3600};

  friend bool operator==(const reference&, const reference&) = default;
};

// A number that the domain derives for a tenant, such as users = count of entities of kind user.
struct measure {
  std::string name;
  std::string where_column;  // empty: all live rows
  std::string where_value;

  friend bool operator==(const measure&, const measure&) = default;
};

struct stream_schema {
  std::string name;                      // also the table's name
  std::uint32_t version = 1;             // of the meaning of the columns; part of the mapping digest
  std::vector<column> columns;           // holds the key columns; all keys are text and required
  std::vector<std::string> key;          // ends with "external_id"; at most one column before it
  std::vector<std::string> derived_key;  // wire columns that make up external_id where a map gives none
  std::vector<reference> references;
  std::vector<measure> measures;
  std::vector<std::vector<std::string>> indexes;  // further indexes, by stored column

  friend bool operator==(const stream_schema&, const stream_schema&) = default;
};

inline constexpr std::string_view attributes_column = "attributes";
inline constexpr std::string_view source_version_column = "source_version";
inline constexpr std::string_view deleted_column = "_deleted";

// The columns of a batch of `s`, in wire order. Column i of every batch is wire_layout(s)[i].
[[nodiscard]] inline std::vector<column> wire_layout(const stream_schema& s) {
  std::vector<column> out = s.columns;
  for (const reference& r : s.references) {
    for (const std::string& c : r.columns) {
      out.push_back({r.name + "." + c, column_type::text, false, {}});
    }
  }
  out.push_back({std::string(attributes_column), column_type::json, false, {}});
  out.push_back({std::string(source_version_column), column_type::int64, false, {}});
  out.push_back({std::string(deleted_column), column_type::boolean, false, {}});
  return out;
}

// Index of a wire column by name, or -1.
[[nodiscard]] inline int column_index(const std::vector<column>& layout, std::string_view name) {
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (layout[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace sluice
