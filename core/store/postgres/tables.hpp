// A stream's table in PostgreSQL: its DDL, and the text of every statement on it.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/encode.hpp"
#include "store/schema.hpp"

namespace sluice::store::postgres {

// "public"."roles", each part quoted.
[[nodiscard]] std::string qualified(const std::string& schema, const std::string& table);
[[nodiscard]] std::string quoted(const std::string& name);
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);

[[nodiscard]] std::string create_sql(const std::string& schema, const stored_shape& shape);
[[nodiscard]] std::string add_column_sql(const std::string& schema, const std::string& table,
                                         const stored_column&);
[[nodiscard]] std::string index_sql(const std::string& schema, const std::string& table,
                                    const std::vector<std::string>& columns);

// Where the value of a written column comes from.
enum class value_source : std::uint8_t { tenant, cell, parent, hash, origin, read_at, synced_at, run };

struct written_column {
  std::string name, sql_type;
  value_source from = value_source::cell;
  oid element = oid::text;
  column_type type = column_type::text;  // of a cell
  int at = -1;                           // the wire column, or which reference
};

// Statements share their first parameters: $1 tenant, then one text[] for each key column.
struct stream_table {
  std::string schema, name;             // the stream's
  std::vector<std::string> key;         // one or two columns
  std::vector<written_column> columns;  // everything but id and deleted_at; the keys among them
  std::vector<written_column> changed;  // what an update sets: without tenant and keys
  std::vector<std::string> references;  // names of the columns that hold parents' ids

  std::string probe;  // $ hashes uuid[], versions int8[]: what differs, by point look-ups
  // $ low, high (each key column), limit: how many rows lie there, and the hashes of the live ones
  std::string range_hashes, range_versions;
  std::string range_used;  // $ low, high: whether anything is stored in between
  std::string copy, copy_with_id;
  std::string insert, insert_with_id;  // without key arrays: one array a column
  std::string update;     // $ keys, then versions, read_at, then one array for each changed column
  std::string tombstone;  // $ keys, versions int8[], read_at timestamptz[], $synced timestamptz, $run uuid
  std::string raise_version;  // $ keys, versions
  // $ keys, ids int8[], $synced timestamptz, $run uuid: sets one column of parents' ids.
  [[nodiscard]] std::string set_parent_of(const std::string& column) const;

  std::string next_ids;  // $1: how many
};

[[nodiscard]] stream_table table_of(const std::string& schema, const stream_schema& s);

// Fills in the statements of a table whose columns are known.
void write_statements(stream_table& t);

// Live rows by key, for references to a table: $1 tenant, key arrays → ordinal, id or null.
[[nodiscard]] std::string find_rows_sql(const std::string& schema, const std::string& table,
                                        const std::vector<std::string>& key);
// Of these live rows: how many there are, and how many hold a value in each of the columns.
[[nodiscard]] std::string count_held_sql(const std::string& schema, const std::string& table,
                                         const std::vector<std::string>& key,
                                         const std::vector<std::string>& columns);

}  // namespace sluice::store::postgres
