#include "engine/row_hash.hpp"

#include <cstring>

#include <xxhash.h>

namespace sluice::engine {

namespace {

// Appends one value, length-prefixed, so that ("a","bc") and ("ab","c") differ; null has a mark of its own.
void append(std::vector<char>& out, const char* data, std::size_t size) {
  const auto length = static_cast<std::uint32_t>(size);
  const auto* prefix = reinterpret_cast<const char*>(&length);
  out.insert(out.end(), prefix, prefix + sizeof length);
  out.insert(out.end(), data, data + size);
}

template <class T>
void append_value(std::vector<char>& out, T value) {
  append(out, reinterpret_cast<const char*>(&value), sizeof value);
}

void append_cell(std::vector<char>& out, const column_view& c, column_type type, std::int64_t row) {
  constexpr std::uint32_t null_mark = 0xffffffffU;
  if (c.is_null(row)) {
    const auto* mark = reinterpret_cast<const char*>(&null_mark);
    out.insert(out.end(), mark, mark + sizeof null_mark);
    return;
  }
  switch (type) {
    case column_type::boolean: append_value(out, c.boolean(row)); break;
    case column_type::date: append_value(out, c.date(row)); break;
    case column_type::float64: append_value(out, c.float64(row)); break;
    case column_type::int64:
    case column_type::timestamp: append_value(out, c.int64(row)); break;
    case column_type::text:
    case column_type::decimal:
    case column_type::json: {
      const std::string_view text = c.text(row);
      append(out, text.data(), text.size());
      break;
    }
  }
}

}  // namespace

std::vector<hash128> hash_rows(const batch_view& rows, const std::vector<column>& layout) {
  const int deleted = column_index(layout, deleted_column);
  const int version = column_index(layout, source_version_column);
  std::vector<hash128> out(static_cast<std::size_t>(rows.rows()));
  std::vector<char> bytes;
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    bytes.clear();
    for (std::size_t i = 0; i < layout.size(); ++i) {
      const int at = static_cast<int>(i);
      if (at == version || at == deleted) continue;
      append_cell(bytes, rows[i], layout[i].type, row);
    }
    const auto d = static_cast<std::size_t>(deleted);
    const bool gone = deleted >= 0 && !rows[d].is_null(row) && rows[d].boolean(row);
    const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), gone ? 1 : 0);
    out[static_cast<std::size_t>(row)] = {h.high64, h.low64};
  }
  return out;
}

}  // namespace sluice::engine
