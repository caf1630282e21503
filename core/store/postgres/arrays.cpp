// Array parameters and the body of a binary COPY.
#include "store/postgres/big_endian.hpp"
#include "store/postgres/encode.hpp"

namespace sluice::store::postgres {

namespace {

void append_array_header(std::string& out, oid element, std::int32_t count) {
  append_raw(out, std::int32_t{count > 0 ? 1 : 0});  // dimensions
  append_raw(out, std::int32_t{1});                  // there may be nulls
  append_raw(out, static_cast<std::int32_t>(element));
  if (count == 0) return;
  append_raw(out, count);
  append_raw(out, std::int32_t{1});  // the first index
}

}  // namespace

array_builder::array_builder(oid element) : element_(element) {}

std::string array_builder::finish() {
  std::string out;
  out.reserve(bytes_.size() + 20);
  append_array_header(out, element_, count_);
  out.append(bytes_);
  bytes_.clear();
  count_ = 0;
  return out;
}

std::string encode_texts(const std::vector<std::string>& values) {
  array_builder out(oid::text);
  for (const std::string& v : values) out.text(v);
  return out.finish();
}

void append_copy_head(std::string& out) {
  out.append("PGCOPY\n\377\r\n\0", 11);
  out.append(8, '\0');  // no flags, no extension
}

void append_tuple_start(std::string& out, std::size_t columns) {
  append_raw(out, static_cast<std::int16_t>(columns));
}

void append_copy_end(std::string& out) { append_raw(out, std::int16_t{-1}); }

}  // namespace sluice::store::postgres
