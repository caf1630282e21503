// The cells of a batch as a domain sees them while it changes some. Nothing is copied until the end, and
// then only the columns in which a value really changed are built anew.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/batch.hpp>
#include <sluice/batch_builder.hpp>
#include <sluice/failure.hpp>

namespace sluice::detail {

// One column: the original cells and those that were replaced, in ascending rows.
class edited_column {
 public:
  edited_column(const ArrowArray& array, int position, column_type type)
      : original_(array), position_(position), type_(type) {}

  [[nodiscard]] int position() const noexcept { return position_; }
  [[nodiscard]] bool changed() const noexcept { return !cells_.empty(); }

  // The text of text, decimal and json columns, and of all others their value as 64 bits.
  [[nodiscard]] std::optional<std::string_view> text(std::int64_t row) const noexcept {
    if (const cell* c = edited(row))
      return c->null ? std::nullopt : std::optional<std::string_view>(*c->text);
    if (original_.is_null(row)) return std::nullopt;
    return original_.text(row);
  }
  [[nodiscard]] std::optional<std::int64_t> word(std::int64_t row) const noexcept {
    if (const cell* c = edited(row)) return c->null ? std::nullopt : std::optional(c->word);
    if (original_.is_null(row)) return std::nullopt;
    switch (type_) {
      case column_type::boolean: return original_.boolean(row) ? 1 : 0;
      case column_type::date: return original_.date(row);
      default: return original_.int64(row);  // a double by its bits
    }
  }

  void set_text(std::int64_t row, std::string_view value) {
    if (text(row) == value) return;
    texts_.emplace_back(value);
    at(row) = {row, false, 0, &texts_.back()};
  }
  void set_word(std::int64_t row, std::int64_t value) {
    if (word(row) == value) return;
    at(row) = {row, false, value, nullptr};
  }
  void set_null(std::int64_t row) {
    if (is_text(type_) ? text(row).has_value() : word(row).has_value()) at(row) = {row, true, 0, nullptr};
  }

  [[nodiscard]] array_handle rebuild(std::int64_t rows) const {
    column_builder out(type_);
    auto next = cells_.begin();
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool replaced = next != cells_.end() && next->row == row;
      copy_cell(out, row, replaced ? &*next : nullptr);
      if (replaced) ++next;
      out.end_row();
      if (out.bytes() > static_cast<std::size_t>(max_batch_bytes)) {
        throw failure(status::invalid, codes::batch_mismatch,
                      "a column would grow over 64 MiB by the domain's changes");
      }
    }
    return array_handle(out.finish());
  }

 private:
  struct cell {
    std::int64_t row = -1;
    bool null = false;
    std::int64_t word = 0;
    const std::string* text = nullptr;
  };

  // Rows are visited in order, so a change of this row can only be the last one.
  [[nodiscard]] const cell* edited(std::int64_t row) const noexcept {
    return !cells_.empty() && cells_.back().row == row ? &cells_.back() : nullptr;
  }
  [[nodiscard]] cell& at(std::int64_t row) {
    return edited(row) != nullptr ? cells_.back() : cells_.emplace_back();
  }

  void copy_cell(column_builder& out, std::int64_t row, const cell* replaced) const {
    if (replaced != nullptr ? replaced->null : original_.is_null(row)) return;
    if (is_text(type_)) return out.text(replaced != nullptr ? *replaced->text : original_.text(row));
    const std::int64_t value = replaced != nullptr ? replaced->word : original_word(row);
    if (type_ == column_type::boolean) return out.boolean(value != 0);
    if (type_ == column_type::date) return out.date(static_cast<std::int32_t>(value));
    out.int64(value);
  }
  [[nodiscard]] std::int64_t original_word(std::int64_t row) const noexcept {
    if (type_ == column_type::boolean) return original_.boolean(row) ? 1 : 0;
    return type_ == column_type::date ? original_.date(row) : original_.int64(row);
  }

  column_view original_;
  int position_;  // among the children of the batch
  column_type type_;
  std::vector<cell> cells_;
  std::deque<std::string> texts_;  // addresses stay, so that views of a cell do
};

// Replaces the changed columns of *rows; what is unchanged moves over untouched. If it throws, *rows is
// as it was.
inline void apply_edits(const std::vector<edited_column>& columns, ArrowArray* rows) {
  std::vector<std::pair<int, array_handle>> rebuilt;
  for (const edited_column& c : columns) {
    if (c.changed()) rebuilt.emplace_back(c.position(), c.rebuild(rows->length));
  }
  if (rebuilt.empty()) return;
  const auto width = static_cast<std::size_t>(rows->n_children);
  ArrowArray fresh = finish_batch(std::vector<ArrowArray>(width, ArrowArray{}), rows->length);
  for (auto& [position, column] : rebuilt) *fresh.children[position] = column.take();
  for (std::size_t i = 0; i < width; ++i) {
    if (fresh.children[i]->release != nullptr) continue;
    *fresh.children[i] = *rows->children[i];
    rows->children[i]->release = nullptr;  // moved, as the Arrow specification allows
  }
  rows->release(rows);
  *rows = fresh;
}

}  // namespace sluice::detail
