#include "store/postgres/encode.hpp"

#include <bit>
#include <cstring>

#include <simdjson.h>

#include "engine/failure.hpp"
#include "store/errors.hpp"
#include "store/postgres/big_endian.hpp"
#include "store/postgres/numeric.hpp"

namespace sluice::store::postgres {

namespace {

constexpr std::int64_t epoch_us = 946'684'800'000'000;  // 2000-01-01, where PostgreSQL counts from
constexpr std::int32_t epoch_days = 10'957;

template <class T>
void append_sized(std::string& out, T value) {
  append_raw(out, static_cast<std::int32_t>(sizeof(T)));
  append_raw(out, value);
}

// NUL is the one character of UTF-8 that text can't hold; JSON may spell it \u0000.
std::optional<std::string> refused_text(std::string_view v) {
  if (v.find('\0') == std::string_view::npos) return {};
  return "PostgreSQL's text can't hold the character U+0000";
}

// JSON may spell it as an escape, which jsonb refuses.
std::optional<std::string> refused_json(std::string_view v) {
  constexpr std::string_view escape = "\\u0000";
  for (std::size_t at = v.find(escape); at != std::string_view::npos; at = v.find(escape, at + 1)) {
    std::size_t slashes = 0;
    while (slashes < at && v[at - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return "PostgreSQL's jsonb can't hold the character U+0000";
  }
  return refused_text(v);
}

std::optional<std::string> append_timestamp(std::string& out, std::int64_t us) {
  constexpr std::int64_t lowest = -210'866'803'200'000'000;  // 4713 BC; the other end is beyond int64
  if (us < lowest) return "the instant is outside of what PostgreSQL's timestamptz can hold";
  append_sized(out, us - epoch_us);
  return {};
}

std::optional<std::string> append_date(std::string& out, std::int32_t days) {
  constexpr std::int32_t lowest = -2'440'588, beyond = 2'145'042'541;
  if (days < lowest || days >= beyond) return "the date is outside of what PostgreSQL's date can hold";
  append_sized(out, days - epoch_days);
  return {};
}

}  // namespace

oid oid_of(column_type t) {
  switch (t) {
    case column_type::boolean: return oid::boolean;
    case column_type::int64: return oid::int8;
    case column_type::float64: return oid::float8;
    case column_type::text: return oid::text;
    case column_type::decimal: return oid::numeric;
    case column_type::json: return oid::jsonb;
    case column_type::date: return oid::date;
    case column_type::timestamp: return oid::timestamptz;
  }
  return oid::text;
}

std::string_view sql_type(column_type t) {
  switch (t) {
    case column_type::boolean: return "boolean";
    case column_type::int64: return "bigint";
    case column_type::float64: return "double precision";
    case column_type::text: return "text";
    case column_type::decimal: return "numeric";
    case column_type::json: return "jsonb";
    case column_type::date: return "date";
    case column_type::timestamp: return "timestamptz";
  }
  return "text";
}

std::string encode_int8(std::int64_t v) {
  std::string out;
  append_raw(out, v);
  return out;
}

std::string encode_instant(std::int64_t us) { return encode_int8(us - epoch_us); }

std::string encode_bool(bool v) { return std::string(1, v ? '\1' : '\0'); }

std::string encode_uuid(const std::array<std::uint8_t, 16>& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

std::string encode_uuid_text(std::string_view text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = c >= '0' && c <= '9'                 ? c - '0'
                      : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                           : -1;
    if (digit < 0) break;
    if (high >= 0) out.push_back(static_cast<char>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  if (out.size() != 16 || high >= 0 || (text.size() != 36 && text.size() != 32)) {
    throw engine::failure(engine::failure_class::invalid, code::unknown_run,
                          "not an id: `" + std::string(text) + "`");
  }
  return out;
}

bool is_uuid(std::string_view text) noexcept {
  try {
    static_cast<void>(encode_uuid_text(text));
    return true;
  } catch (const engine::failure&) {
    return false;
  }
}

void append_null(std::string& out) { append_raw(out, std::int32_t{-1}); }

void append_text(std::string& out, std::string_view v) {
  append_raw(out, static_cast<std::int32_t>(v.size()));
  out.append(v);
}

void append_int8(std::string& out, std::int64_t v) { append_sized(out, v); }

void append_bool(std::string& out, bool v) {
  append_raw(out, std::int32_t{1});
  out.push_back(v ? '\1' : '\0');
}

void append_hash(std::string& out, const engine::hash128& h) {
  append_raw(out, std::int32_t{16});
  append_raw(out, h.hi);
  append_raw(out, h.lo);
}

void append_instant(std::string& out, std::int64_t us) { append_sized(out, us - epoch_us); }

std::optional<std::string> append_cell(std::string& out, const column_view& c, column_type t,
                                       std::int64_t row) {
  if (c.is_null(row)) {
    append_null(out);
    return {};
  }
  switch (t) {
    case column_type::boolean: append_bool(out, c.boolean(row)); return {};
    case column_type::int64: append_int8(out, c.int64(row)); return {};
    case column_type::float64: append_sized(out, std::bit_cast<std::int64_t>(c.float64(row))); return {};
    case column_type::date: return append_date(out, c.date(row));
    case column_type::timestamp: return append_timestamp(out, c.int64(row));
    case column_type::decimal: return append_numeric(out, c.text(row));
    case column_type::text: append_text(out, c.text(row)); return refused_text(c.text(row));
    case column_type::json:
      append_raw(out, static_cast<std::int32_t>(c.text(row).size() + 1));
      out.push_back('\1');  // the format's version
      out.append(c.text(row));
      return refused_json(c.text(row));
  }
  return {};
}

bool storable(std::string_view text) noexcept {
  return std::memchr(text.data(), 0, text.size()) == nullptr && simdjson::validate_utf8(text);
}

}  // namespace sluice::store::postgres
