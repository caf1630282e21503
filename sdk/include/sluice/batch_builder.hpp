// Building a batch, row by row, straight into Arrow buffers: nothing is copied afterwards.
//
//   batch_builder b(wire_layout(schema));
//   b.text(0, "u-1");  b.int64(3, 42);  b.next_row();     // what was not set is null
//   array_handle rows = b.finish();
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/batch.hpp>

namespace sluice {

namespace detail {

// The buffers of one column while it grows, and of the finished array that takes it over.
struct column_buffers {
  column_type type = column_type::text;
  std::vector<std::uint8_t> validity;
  std::vector<std::int64_t> words;    // int64, float64 (by bits), timestamp
  std::vector<std::int32_t> offsets;  // text: ends; date: values
  std::vector<char> chars;
  std::vector<std::uint8_t> bits;  // boolean
  std::int64_t rows = 0, nulls = 0;
  bool set = false;
  const void* pointers[3] = {};
};

[[nodiscard]] inline bool is_text(column_type t) noexcept {
  return t == column_type::text || t == column_type::decimal || t == column_type::json;
}

inline void put_bit(std::vector<std::uint8_t>& bits, std::int64_t row, bool on) {
  if ((row & 7) == 0) bits.push_back(0);
  if (on) bits.back() = static_cast<std::uint8_t>(bits.back() | (1U << (row & 7)));
}

struct batch_storage {
  std::vector<std::unique_ptr<column_buffers>> columns;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  const void* none[1] = {nullptr};
};

inline void release_child(ArrowArray* a) {
  delete static_cast<column_buffers*>(a->private_data);
  a->release = nullptr;
}

inline void release_batch(ArrowArray* a) {
  auto* s = static_cast<batch_storage*>(a->private_data);
  for (ArrowArray& c : s->children) {
    if (c.release != nullptr) c.release(&c);
  }
  delete s;
  a->release = nullptr;
}

// Makes a child array that owns its buffers by itself, so that a consumer may move it away.
inline ArrowArray finish_column(std::unique_ptr<column_buffers> c) {
  ArrowArray a{};
  a.length = c->rows;
  a.null_count = c->nulls;
  a.n_buffers = is_text(c->type) ? 3 : 2;
  c->pointers[0] = c->nulls == 0 ? nullptr : c->validity.data();
  switch (c->type) {
    case column_type::boolean: c->pointers[1] = c->bits.data(); break;
    case column_type::date: c->pointers[1] = c->offsets.data(); break;
    case column_type::int64:
    case column_type::float64:
    case column_type::timestamp: c->pointers[1] = c->words.data(); break;
    case column_type::text:
    case column_type::decimal:
    case column_type::json:
      if (c->chars.empty()) c->chars.push_back('\0');  // a buffer that is never a null pointer
      c->pointers[1] = c->offsets.data();
      c->pointers[2] = c->chars.data();
      break;
  }
  a.buffers = c->pointers;
  a.release = release_child;
  a.private_data = c.release();
  return a;
}

// Joins finished columns to one struct array.
inline ArrowArray finish_batch(std::vector<ArrowArray> children, std::int64_t rows) {
  auto s = std::make_unique<batch_storage>();
  s->children = std::move(children);
  for (ArrowArray& c : s->children) s->pointers.push_back(&c);
  ArrowArray a{};
  a.length = rows;
  a.n_buffers = 1;
  a.buffers = s->none;
  a.n_children = static_cast<std::int64_t>(s->children.size());
  a.children = s->pointers.data();
  a.release = release_batch;
  a.private_data = s.release();
  return a;
}

}  // namespace detail

// Grows one column. Call one of the setters at most once per row, then end_row().
class column_builder {
 public:
  explicit column_builder(column_type type) : buffers_(std::make_unique<detail::column_buffers>()) {
    buffers_->type = type;
    if (detail::is_text(type)) buffers_->offsets.push_back(0);
  }

  void text(std::string_view v) {
    buffers_->chars.insert(buffers_->chars.end(), v.begin(), v.end());
    buffers_->set = true;
  }
  // Appends a piece to the text of the row that is being built.
  void append(std::string_view piece) { text(piece); }
  void int64(std::int64_t v) {
    buffers_->words.push_back(v);
    buffers_->set = true;
  }
  void float64(double v) {
    std::int64_t bits = 0;
    std::memcpy(&bits, &v, sizeof bits);
    int64(bits);
  }
  void date(std::int32_t days) {
    buffers_->offsets.push_back(days);
    buffers_->set = true;
  }
  void boolean(bool v) {
    detail::put_bit(buffers_->bits, buffers_->rows, v);
    buffers_->set = true;
  }
  [[nodiscard]] bool is_set() const noexcept { return buffers_->set; }
  // The text of the row that is being built; valid until the next change of this column.
  [[nodiscard]] std::string_view pending_text() const noexcept {
    const auto from = static_cast<std::size_t>(buffers_->offsets.back());
    return {buffers_->chars.data() + from, buffers_->chars.size() - from};
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return buffers_->chars.size() + 8 * static_cast<std::size_t>(buffers_->rows);
  }

  // Forgets what was set for the row that is being built.
  void clear_row() {
    auto& b = *buffers_;
    if (!b.set) return;
    b.set = false;
    switch (b.type) {
      case column_type::boolean:
        if ((b.rows & 7) == 0) b.bits.pop_back();
        else b.bits.back() = static_cast<std::uint8_t>(b.bits.back() & ~(1U << (b.rows & 7)));
        break;
      case column_type::date: b.offsets.pop_back(); break;
      case column_type::int64:
      case column_type::float64:
      case column_type::timestamp: b.words.pop_back(); break;
      case column_type::text:
      case column_type::decimal:
      case column_type::json: b.chars.resize(static_cast<std::size_t>(b.offsets.back())); break;
    }
  }

  void end_row() {
    auto& b = *buffers_;
    detail::put_bit(b.validity, b.rows, b.set);
    if (!b.set) pad_null();
    if (detail::is_text(b.type)) b.offsets.push_back(static_cast<std::int32_t>(b.chars.size()));
    ++b.rows;
    b.set = false;
  }

  [[nodiscard]] std::int64_t rows() const noexcept { return buffers_->rows; }

  // The finished array; the builder starts again, empty.
  [[nodiscard]] ArrowArray finish() {
    auto done = std::exchange(buffers_, column_builder(buffers_->type).buffers_);
    return detail::finish_column(std::move(done));
  }

 private:
  void pad_null() {
    auto& b = *buffers_;
    ++b.nulls;
    switch (b.type) {
      case column_type::boolean: detail::put_bit(b.bits, b.rows, false); break;
      case column_type::date: b.offsets.push_back(0); break;
      case column_type::int64:
      case column_type::float64:
      case column_type::timestamp: b.words.push_back(0); break;
      case column_type::text:
      case column_type::decimal:
      case column_type::json: break;
    }
  }

  std::unique_ptr<detail::column_buffers> buffers_;
};

// Grows all columns of a batch together.
class batch_builder {
 public:
  explicit batch_builder(const std::vector<column>& layout) {
    columns_.reserve(layout.size());
    for (const column& c : layout) columns_.emplace_back(c.type);
  }

  [[nodiscard]] column_builder& operator[](std::size_t i) { return columns_[i]; }
  void text(std::size_t i, std::string_view v) { columns_[i].text(v); }
  void int64(std::size_t i, std::int64_t v) { columns_[i].int64(v); }
  void float64(std::size_t i, double v) { columns_[i].float64(v); }
  void date(std::size_t i, std::int32_t v) { columns_[i].date(v); }
  void boolean(std::size_t i, bool v) { columns_[i].boolean(v); }

  // Ends the row: columns that were not set are null.
  void next_row() {
    for (column_builder& c : columns_) c.end_row();
    ++rows_;
  }
  // Forgets the row that is being built.
  void drop_row() {
    for (column_builder& c : columns_) c.clear_row();
  }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t n = 0;
    for (const column_builder& c : columns_) n += c.bytes();
    return n;
  }

  // The finished batch; the builder starts again, empty.
  [[nodiscard]] array_handle finish() {
    std::vector<ArrowArray> children;
    children.reserve(columns_.size());
    for (column_builder& c : columns_) children.push_back(c.finish());
    return array_handle(detail::finish_batch(std::move(children), std::exchange(rows_, 0)));
  }

 private:
  std::vector<column_builder> columns_;
  std::int64_t rows_ = 0;
};

}  // namespace sluice
