// The table of one stream in SQLite: its SQL, made from the stored shape, and its statements.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "store/embedded/tables.hpp"
#include "store/schema.hpp"
#include "store/sqlite/database.hpp"

namespace sluice::store::sqlite {

[[nodiscard]] std::string quoted_name(std::string_view name);
[[nodiscard]] std::string create_table_sql(const stored_shape& shape);
[[nodiscard]] std::string add_column_sql(const std::string& table, const stored_column& c);
[[nodiscard]] std::string create_index_sql(const std::string& table, const std::vector<std::string>& columns);

class stream final : public embedded::stream_table {
 public:
  stream(database& db, stream_schema schema);

  [[nodiscard]] const stream_schema& schema() const override { return schema_; }
  [[nodiscard]] std::optional<embedded::stored_row> find(std::string_view tenant,
                                                         std::string_view key) override;
  void insert(const embedded::writer& by, const embedded::row_write& row) override;
  void update(const embedded::writer& by, std::int64_t id, const embedded::row_write& row) override;
  void tombstone(const embedded::writer& by, std::int64_t id, const recency& age) override;
  void set_version(std::int64_t id, std::int64_t version) override;
  void set_parent(const embedded::writer& by, std::int64_t id, std::size_t reference,
                  std::int64_t parent) override;

 private:
  enum class role : std::uint8_t { tenant, value, parent, hash, origin, read_at, synced_at, run };
  struct slot {  // one bound column of an insert; the same order in an update
    role what = role::value;
    stored_type type = stored_type::text;
    std::size_t wire = 0, reference = 0;
    std::string name;
  };
  [[nodiscard]] static std::vector<slot> plan(const stream_schema& schema);
  [[nodiscard]] static std::string find_sql(const stream_schema& schema);
  [[nodiscard]] static std::string insert_sql(const stream_schema& schema, const std::vector<slot>& slots);
  [[nodiscard]] static std::string update_sql(const stream_schema& schema, const std::vector<slot>& slots);
  void bind_row(statement& s, const embedded::writer& by, const embedded::row_write& row);
  void bind_value(statement& s, int at, const slot& c, const embedded::row_write& row);
  [[nodiscard]] const std::string& now_text(std::int64_t us);

  stream_schema schema_;
  bool two_columns_;
  std::vector<slot> slots_;
  statement find_, insert_, update_, tombstone_, version_;
  std::vector<statement> parents_;
  // Of the row that is being bound: SQLite borrows them until the statement has run.
  std::vector<std::string> texts_;
  std::array<std::uint8_t, 16> hash_{};
  std::pair<std::int64_t, std::string> now_{-1, {}}, read_{-1, {}};
};

}  // namespace sluice::store::sqlite
