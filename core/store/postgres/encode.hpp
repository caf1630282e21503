// PostgreSQL's binary format: scalars, arrays and COPY tuples, written straight from a batch.
// A field is a 4-byte length and its bytes, or -1 for null; arrays and tuples are made of fields.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types.hpp"

namespace sluice::store::postgres {

// Type identifiers of PostgreSQL's catalogue; they never change.
enum class oid : std::int32_t {
  boolean = 16,
  bytea = 17,
  int8 = 20,
  int4 = 23,
  text = 25,
  float8 = 701,
  date = 1082,
  timestamptz = 1184,
  numeric = 1700,
  uuid = 2950,
  jsonb = 3802,
};
[[nodiscard]] oid oid_of(column_type);
[[nodiscard]] std::string_view sql_type(column_type);  // "timestamptz"

// Scalars as parameters.
[[nodiscard]] std::string encode_int8(std::int64_t);
[[nodiscard]] std::string encode_bool(bool);
[[nodiscard]] std::string encode_instant(std::int64_t us);  // timestamptz
[[nodiscard]] std::string encode_uuid(const std::array<std::uint8_t, 16>&);
[[nodiscard]] std::string encode_uuid_text(std::string_view);  // "6f9619ff-8b86-..." ; throws when it is none

[[nodiscard]] bool is_uuid(std::string_view) noexcept;

// Fields.
void append_null(std::string& out);
void append_text(std::string& out, std::string_view);
void append_int8(std::string& out, std::int64_t);
void append_bool(std::string& out, bool);
void append_hash(std::string& out, const engine::hash128&);
void append_instant(std::string& out, std::int64_t us);  // timestamptz from microseconds since 1970

// Whether a column of texts could hold it: no NUL, and UTF-8.
[[nodiscard]] bool storable(std::string_view text) noexcept;

// The cell of a batch as a field of its column's type. Returns why not when PostgreSQL can't hold it.
[[nodiscard]] std::optional<std::string> append_cell(std::string& out, const column_view&, column_type,
                                                     std::int64_t row);

// An array parameter that grows by fields.
class array_builder {
 public:
  explicit array_builder(oid element);
  // Where the next field goes; call added() after it.
  [[nodiscard]] std::string& bytes() noexcept { return bytes_; }
  void added() noexcept { ++count_; }
  void text(std::string_view v) { append_text(bytes_, v), added(); }
  void int8(std::int64_t v) { append_int8(bytes_, v), added(); }
  void boolean(bool v) { append_bool(bytes_, v), added(); }
  void hash(const engine::hash128& v) { append_hash(bytes_, v), added(); }
  void instant(std::int64_t us) { append_instant(bytes_, us), added(); }
  void null() { append_null(bytes_), added(); }
  [[nodiscard]] std::int32_t size() const noexcept { return count_; }
  [[nodiscard]] std::string finish();  // the builder is empty afterwards

 private:
  oid element_;
  std::string bytes_;
  std::int32_t count_ = 0;
};
[[nodiscard]] std::string encode_texts(const std::vector<std::string>&);

// The body of COPY ... BINARY: the head, tuples that begin with the number of their fields, the end.
void append_copy_head(std::string& out);
void append_tuple_start(std::string& out, std::size_t columns);
void append_copy_end(std::string& out);

}  // namespace sluice::store::postgres
