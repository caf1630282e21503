// Reading a batch: a view over a struct ArrowArray in the flat profile that crosses the boundary.
//
// Profile: a struct at the top, offset 0, children of the formats of schema.hpp, no dictionaries,
// at most 65,536 rows and 64 MiB. `check_batch` proves the structure of an array that came from
// elsewhere; a batch_view trusts it and costs nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/arrow_schema.hpp>

namespace sluice {

inline constexpr std::int64_t max_batch_rows = 65'536;
inline constexpr std::int64_t max_batch_bytes = 64LL << 20;

// One column of a batch. Trivially copyable; borrows the array.
class column_view {
 public:
  column_view() = default;
  explicit column_view(const ArrowArray& a)
      : validity_(static_cast<const std::uint8_t*>(a.buffers[0])),
        data_(a.n_buffers > 1 ? a.buffers[1] : nullptr),
        chars_(a.n_buffers > 2 ? static_cast<const char*>(a.buffers[2]) : nullptr) {}

  [[nodiscard]] bool is_null(std::int64_t row) const noexcept {
    return validity_ != nullptr && ((validity_[row >> 3] >> (row & 7)) & 1) == 0;
  }
  // text, decimal and json columns; empty for null.
  [[nodiscard]] std::string_view text(std::int64_t row) const noexcept {
    const auto* offsets = static_cast<const std::int32_t*>(data_);
    return {chars_ + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  // int64 and timestamp columns.
  [[nodiscard]] std::int64_t int64(std::int64_t row) const noexcept {
    return static_cast<const std::int64_t*>(data_)[row];
  }
  [[nodiscard]] double float64(std::int64_t row) const noexcept {
    return static_cast<const double*>(data_)[row];
  }
  [[nodiscard]] std::int32_t date(std::int64_t row) const noexcept {
    return static_cast<const std::int32_t*>(data_)[row];
  }
  [[nodiscard]] bool boolean(std::int64_t row) const noexcept {
    return ((static_cast<const std::uint8_t*>(data_)[row >> 3] >> (row & 7)) & 1) != 0;
  }

 private:
  const std::uint8_t* validity_ = nullptr;
  const void* data_ = nullptr;
  const char* chars_ = nullptr;
};

// All columns of a batch, in wire order. Borrows the array, which must outlive it.
class batch_view {
 public:
  batch_view() = default;
  explicit batch_view(const ArrowArray& a) : rows_(a.length) {
    columns_.reserve(static_cast<std::size_t>(a.n_children));
    for (std::int64_t i = 0; i < a.n_children; ++i) columns_.emplace_back(*a.children[i]);
  }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_.size(); }
  [[nodiscard]] const column_view& operator[](std::size_t i) const noexcept { return columns_[i]; }

 private:
  std::int64_t rows_ = 0;
  std::vector<column_view> columns_;
};

// Proves that `a` is a batch of this layout: shape, buffers, offsets that ascend, sizes within the
// profile's limits. Values are not looked at, except the offsets. Empty: it is; else what is wrong.
[[nodiscard]] std::string check_batch(const ArrowArray& a, const std::vector<column>& layout);

// The same for the schema that comes with an array from elsewhere.
[[nodiscard]] std::string check_schema(const ArrowSchema& s, const std::vector<column>& layout);

namespace detail {

[[nodiscard]] inline std::string check_text(const ArrowArray& c, std::int64_t rows) {
  const auto* offsets = static_cast<const std::int32_t*>(c.buffers[1]);
  if (rows == 0) return {};
  if (offsets == nullptr) return "has no offsets";
  if (offsets[0] != 0) return "does not start at offset 0";
  for (std::int64_t i = 0; i < rows; ++i) {
    if (offsets[i + 1] < offsets[i]) return "has offsets that descend at row " + std::to_string(i);
  }
  if (offsets[rows] > max_batch_bytes) return "holds more than 64 MiB";
  if (offsets[rows] > 0 && c.buffers[2] == nullptr) return "has no bytes";
  return {};
}

[[nodiscard]] inline std::string check_column(const ArrowArray& c, column_type t, std::int64_t rows) {
  const bool text = std::strcmp(arrow_format(t), "u") == 0;
  if (c.release == nullptr) return "is released";
  if (c.length != rows) return "has " + std::to_string(c.length) + " rows, not " + std::to_string(rows);
  if (c.offset != 0) return "has an offset";
  if (c.dictionary != nullptr || c.n_children != 0) return "is nested or a dictionary";
  if (c.n_buffers != (text ? 3 : 2)) return "has " + std::to_string(c.n_buffers) + " buffers";
  if (c.buffers == nullptr) return "has no buffers";
  if (c.null_count != 0 && c.buffers[0] == nullptr && c.null_count != -1) return "has nulls but no validity";
  if (text) return check_text(c, rows);
  if (rows > 0 && c.buffers[1] == nullptr) return "has no values";
  return {};
}

}  // namespace detail

inline std::string check_batch(const ArrowArray& a, const std::vector<column>& layout) {
  if (a.release == nullptr) return "the batch is released";
  if (a.offset != 0) return "the batch has an offset";
  if (a.length < 0 || a.length > max_batch_rows) {
    return "the batch has " + std::to_string(a.length) + " rows; at most 65536 are allowed";
  }
  if (a.n_children != static_cast<std::int64_t>(layout.size())) {
    return "the batch has " + std::to_string(a.n_children) + " columns, not " + std::to_string(layout.size());
  }
  if (a.n_children > 0 && a.children == nullptr) return "the batch has no children";
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (a.children[i] == nullptr) return "column `" + layout[i].name + "` is missing";
    if (auto why = detail::check_column(*a.children[i], layout[i].type, a.length); !why.empty()) {
      return "column `" + layout[i].name + "` " + why;
    }
  }
  return {};
}

inline std::string check_schema(const ArrowSchema& s, const std::vector<column>& layout) {
  if (s.release == nullptr || s.format == nullptr || std::strcmp(s.format, "+s") != 0) {
    return "the schema is not a struct";
  }
  if (s.n_children != static_cast<std::int64_t>(layout.size())) {
    return "the schema has " + std::to_string(s.n_children) + " columns, not " +
           std::to_string(layout.size());
  }
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const ArrowSchema& c = *s.children[i];
    if (layout[i].name != c.name)
      return "column " + std::to_string(i) + " is `" + c.name + "`, not `" + layout[i].name + "`";
    if (std::strcmp(arrow_format(layout[i].type), c.format) != 0) {
      return "column `" + layout[i].name + "` has format " + c.format + ", not " +
             arrow_format(layout[i].type);
    }
  }
  return {};
}

}  // namespace sluice
