#include <algorithm>

#include "decode/mapper.hpp"

namespace sluice::decode {

stream_writer::stream_writer(const stream_schema& schema, const stream_plan& plan)
    : plan_(plan), builder_(plan.layout) {
  out_.schema = &schema;
}

void stream_writer::begin(std::size_t bytes) {
  constexpr auto limit = static_cast<std::size_t>(max_batch_bytes);
  largest_ = bytes;
  if (builder_.rows() == max_batch_rows) flush();
  if (bytes_ + pending_ + bytes <= limit) return;
  bytes_ = builder_.bytes();
  pending_ = 0;
  if (builder_.rows() > 0 && bytes_ + bytes > limit) flush();
}

bool stream_writer::commit(std::int64_t ordinal) {
  constexpr auto limit = static_cast<std::size_t>(max_batch_bytes);
  ++out_.rows;
  if (largest_ > limit && builder_.bytes() > limit) {
    builder_.drop_row();
    ++out_.rejected;
    return false;
  }
  builder_.next_row();
  pending_ += largest_;
  out_.ordinals.push_back(static_cast<std::uint32_t>(ordinal));
  return true;
}

void stream_writer::drop() {
  builder_.drop_row();
  ++out_.rows;
  ++out_.rejected;
}

void stream_writer::flush() {
  out_.batches.push_back(builder_.finish());
  bytes_ = pending_ = 0;
}

stream_rows stream_writer::finish() {
  if (builder_.rows() > 0) flush();
  return std::move(out_);
}

}  // namespace sluice::decode
