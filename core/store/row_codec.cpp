#include "store/row_codec.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "store/errors.hpp"

namespace sluice::store {

namespace {

using nlohmann::json;

void append_text(std::string& out, std::string_view text) {
  // `replace`: raw bytes of a rejected row may be broken; rows that are kept have been checked before.
  out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class T>
void append_number(std::string& out, T value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

void append_cell(std::string& out, const column_view& c, column_type type, std::int64_t row) {
  switch (type) {
    case column_type::boolean: out += c.boolean(row) ? "true" : "false"; break;
    case column_type::date: append_number(out, c.date(row)); break;
    case column_type::int64:
    case column_type::timestamp: append_number(out, c.int64(row)); break;
    case column_type::float64: {
      // As a text: JSON has no infinity, and a parser must not touch the digits.
      out += '"';
      append_number(out, c.float64(row));
      out += '"';
      break;
    }
    case column_type::text:
    case column_type::decimal:
    case column_type::json: append_text(out, c.text(row)); break;
  }
}

double parse_float(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw internal(code::damaged, "a stored row holds `" + text + "` where a number is needed");
  }
  return value;
}

void set_cell(column_builder& out, column_type type, const json& value) {
  switch (type) {
    case column_type::boolean: out.boolean(value.get<bool>()); break;
    case column_type::date: out.date(value.get<std::int32_t>()); break;
    case column_type::int64:
    case column_type::timestamp: out.int64(value.get<std::int64_t>()); break;
    case column_type::float64: out.float64(parse_float(value.get_ref<const std::string&>())); break;
    case column_type::text:
    case column_type::decimal:
    case column_type::json: out.text(value.get_ref<const std::string&>()); break;
  }
}

}  // namespace

std::string encode_row(const batch_view& view, const std::vector<column>& layout, std::int64_t row) {
  std::string out = "{";
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (view[i].is_null(row)) continue;
    if (out.size() > 1) out += ',';
    append_text(out, layout[i].name);
    out += ':';
    append_cell(out, view[i], layout[i].type, row);
  }
  return out += '}';
}

void decode_row(std::string_view text, const std::vector<column>& layout, batch_builder& out) {
  try {
    const json row = json::parse(text);
    for (std::size_t i = 0; i < layout.size(); ++i) {
      const auto cell = row.find(layout[i].name);
      if (cell != row.end()) set_cell(out[i], layout[i].type, *cell);
    }
  } catch (const json::exception& e) {
    throw internal(code::damaged, std::string("a stored row cannot be read: ") + e.what());
  }
  out.next_row();
}

std::string rejected_row(std::string row, std::int64_t read_at_us) {
  row.pop_back();
  row += row.size() > 1 ? ",\"_read_at\":" : "\"_read_at\":";
  return row + std::to_string(read_at_us) + '}';
}

std::int64_t read_at_of(std::string_view rejected_row) {
  const json row = json::parse(rejected_row, nullptr, false);
  return row.is_object() ? row.value("_read_at", std::int64_t{0}) : 0;
}

}  // namespace sluice::store
