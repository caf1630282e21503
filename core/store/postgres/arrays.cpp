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

void append_literal(std::string& out, std::string_view element) {
  out.append(out.empty() ? "{\"" : ",\"");
  for (const char c : element) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

tuple_builder::tuple_builder(std::size_t columns) : columns_(static_cast<std::int16_t>(columns)) {
  bytes_.append("PGCOPY\n\377\r\n\0", 11);
  bytes_.append(8, '\0');  // no flags, no extension
}

void tuple_builder::begin() { append_raw(bytes_, columns_); }

const std::string& tuple_builder::finish() {
  append_raw(bytes_, std::int16_t{-1});
  return bytes_;
}

}  // namespace sluice::store::postgres
