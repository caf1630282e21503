// Values of columns that are no text: bools, numbers, instants; and what conditions ask of any.
#include "decode/datum.hpp"
#include "decode/instant.hpp"
#include "decode/number.hpp"

namespace sluice::decode {

bool converter::put_truth(const datum& d, bool& out) {
  std::string_view s = d.raw;
  if ((d.is == datum::type::quoted || d.is == datum::type::text) && !plain(d, s)) return false;
  if (d.is == datum::type::container || (s != "true" && s != "false")) return expected("bool", d);
  out = s == "true";
  return true;
}

bool converter::put_number(const datum& d, const value& how, column_type type, column_builder& out) {
  const char* what = type == column_type::int64 ? "int" : type == column_type::float64 ? "float" : "decimal";
  std::string_view token = d.raw;
  if ((d.is == datum::type::quoted || d.is == datum::type::text) && !plain(d, token)) return false;
  if (d.is == datum::type::truth || d.is == datum::type::container) return expected(what, d);
  auto fault = number_fault::none;
  if (type == column_type::int64) {
    std::int64_t v = 0;
    fault = exact_int64(token, how.scale, how.negate, caps_, v);
    if (fault == number_fault::none) out.int64(v);
  } else if (type == column_type::float64) {
    double v = 0;
    fault = nearest_double(token, how.scale, how.negate, caps_, v);
    if (fault == number_fault::none) out.float64(v);
  } else {
    digits_.clear();
    fault = plain_decimal(token, how.scale, how.negate, caps_, digits_);
    if (fault == number_fault::none && how.as == reading::integer && !is_integer(digits_))
      return expected("int", d);
    if (fault == number_fault::none) out.text(digits_);
  }
  return fault == number_fault::none || bad_number(static_cast<int>(fault), what, d);
}

bool converter::read_instant(const datum& d, reading as, std::int64_t& us) {
  std::string_view s = d.raw;
  const bool texts = d.is == datum::type::quoted || d.is == datum::type::text;
  if (texts && !plain(d, s)) return false;
  if (as == reading::epoch_s || as == reading::epoch_ms) {
    const char* what = as == reading::epoch_s ? "seconds since 1970" : "milliseconds since 1970";
    if (!texts && d.is != datum::type::number) return expected(what, d);
    const auto fault = floor_int64(s, as == reading::epoch_s ? 6 : 3, caps_, us);
    const bool range = fault == number_fault::none && (us < first_instant_us || us > last_instant_us);
    if (range || fault == number_fault::range) return refuse("is out of the years 0001 to 9999: " + show(d));
    return fault == number_fault::none || bad_number(static_cast<int>(fault), what, d);
  }
  const auto parsed = texts ? parse_rfc3339(s) : std::nullopt;
  if (!parsed) return expected("a time with zone such as 2026-01-31T08:00:00Z", d);
  us = *parsed;
  return true;
}

bool converter::put_instant(const datum& d, const value& how, column_type type, column_builder& out) {
  if (type == column_type::date && how.as == reading::natural) {
    std::string_view s;
    if (d.is != datum::type::quoted && d.is != datum::type::text)
      return expected("a date such as 2026-01-31", d);
    if (!plain(d, s)) return false;
    const auto day = parse_date(s);
    if (!day) return expected("a date such as 2026-01-31", d);
    out.date(*day);
    return true;
  }
  std::int64_t us = 0;
  if (!read_instant(d, how.as, us)) return false;
  if (type == column_type::date) out.date(day_of(us));
  else out.int64(us);
  return true;
}

bool converter::equals(const datum& d, const constant& c, bool text_only) {
  const bool texts = d.is == datum::type::quoted || d.is == datum::type::text;
  std::string_view s;
  switch (c.is) {
    case constant::type::null: return d.absent();
    case constant::type::truth:
      if (texts && text_only) return d.raw == (c.truth ? "true" : "false");
      return d.is == datum::type::truth && d.truth == c.truth;
    case constant::type::number:
      return (d.is == datum::type::number || (texts && text_only)) && same_number(d.raw, c.text, caps_);
    case constant::type::text: break;
  }
  return texts && plain(d, s) && s == c.text;
}

bool converter::has_prefix(const datum& d, std::string_view prefix) {
  std::string_view s;
  const bool texts = d.is == datum::type::quoted || d.is == datum::type::text;
  return texts && plain(d, s) && s.starts_with(prefix);
}

}  // namespace sluice::decode
