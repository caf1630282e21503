#include "decode/datum.hpp"

#include <algorithm>

#include "decode/number.hpp"
#include "decode/text.hpp"

namespace sluice::decode {
datum read_constant(const constant& c) {
  switch (c.is) {
    case constant::type::null: return {datum::type::null};
    case constant::type::truth: return {datum::type::truth, c.truth, c.truth ? "true" : "false"};
    case constant::type::number: return {datum::type::number, false, c.text};
    case constant::type::text: break;
  }
  return {datum::type::text, false, c.text};
}

std::string show(const datum& d) {
  switch (d.is) {
    case datum::type::missing: return "nothing";
    case datum::type::null: return "null";
    case datum::type::container: return d.raw.front() == '{' ? "an object" : "an array";
    case datum::type::quoted:
    case datum::type::text: return "\"" + one_line(d.raw, 80) + "\"";
    case datum::type::truth:
    case datum::type::number: break;
  }
  return one_line(d.raw, 80);
}

bool converter::expected(const char* what, const datum& d) {
  return refuse(std::string("expected ") + what + ", got " + show(d));
}

bool converter::bad_number(int fault, const char* what, const datum& d) {
  switch (static_cast<number_fault>(fault)) {
    case number_fault::digits:
      return refuse("has more than " + std::to_string(caps_.digits) + " digits: " + show(d));
    case number_fault::exponent:
      return refuse("has an exponent beyond " + std::to_string(caps_.exponent) + ": " + show(d));
    case number_fault::range: return refuse(std::string("is out of the range of ") + what + ": " + show(d));
    default: break;
  }
  return expected(what, d);
}

bool converter::plain(const datum& d, std::string_view& out) {
  if (d.raw.size() > caps_.text_bytes)
    return refuse("is longer than " + std::to_string(caps_.text_bytes) + " bytes");
  out = d.raw;
  if (d.is == datum::type::text || d.raw.find('\\') == std::string_view::npos) return true;
  plain_.clear();
  if (const auto fault = unescape(d.raw, plain_); fault != text_fault::none)
    return refuse(std::string(describe(fault)) + ": " + show(d));
  out = plain_;
  return true;
}

bool converter::put_natural_text(const datum& d, column_builder& out) {
  if (d.is != datum::type::quoted) return put_text(d, value{}, false, out);
  if (d.raw.size() > caps_.text_bytes)
    return refuse("is longer than " + std::to_string(caps_.text_bytes) + " bytes");
  const auto fault = unescape(d.raw, out);
  return fault == text_fault::none || refuse(std::string(describe(fault)) + ": " + show(d));
}

template <class Sink>
bool converter::put_text(const datum& d, const value& how, bool any_scalar, Sink& out) {
  if (how.as == reading::json) return append_json(d, out);
  if (how.as == reading::integer || how.as == reading::decimal || how.scale != 0 || how.negate) {
    std::string_view token = d.raw;
    if ((d.is == datum::type::quoted || d.is == datum::type::text) && !plain(d, token)) return false;
    const char* what = how.as == reading::integer ? "int" : "decimal";
    if (d.is == datum::type::truth || d.is == datum::type::container) return expected(what, d);
    digits_.clear();
    const auto fault = plain_decimal(token, how.scale, how.negate, caps_, digits_);
    if (fault != number_fault::none) return bad_number(static_cast<int>(fault), what, d);
    if (how.as == reading::integer && !is_integer(digits_)) return expected(what, d);
    out.append(digits_);
    return true;
  }
  if (how.as == reading::boolean) {
    bool on = false;
    if (!put_truth(d, on)) return false;
    out.append(on ? "true" : "false");
    return true;
  }
  const bool any = any_scalar || how.as == reading::text;
  switch (d.is) {
    case datum::type::quoted:
    case datum::type::text: {
      std::string_view s;
      if (!plain(d, s)) return false;
      out.append(s);
      return true;
    }
    case datum::type::number:
      if (!any && !is_integer(d.raw)) return expected("text", d);
      out.append(d.raw);
      return true;
    case datum::type::truth:
      if (!any) return expected("text", d);
      out.append(d.raw);
      return true;
    default: return expected("text", d);
  }
}

bool converter::append_text(const datum& d, const value& how, std::string& out) {
  return put_text(d, how, true, out);
}

bool converter::put(const datum& d, const value& how, const cell& c, column_builder& out) {
  const bool instant =
      how.as == reading::rfc3339 || how.as == reading::epoch_s || how.as == reading::epoch_ms;
  switch (c.type) {
    case column_type::text:
      if (how.as == reading::natural && how.scale == 0 && !how.negate) return put_natural_text(d, out);
      return put_text(d, how, false, out);
    case column_type::boolean: {
      bool on = false;
      if (!put_truth(d, on)) return false;
      out.boolean(on);
      return true;
    }
    case column_type::json: return append_json(d, out);
    case column_type::date:
    case column_type::timestamp: return put_instant(d, how, c.type, out);
    case column_type::int64:
      if (instant) return put_instant(d, how, c.type, out);
      break;
    case column_type::float64:
    case column_type::decimal: break;
  }
  return put_number(d, how, c.type, out);
}

bool converter::check_scalar_json(std::string_view token) {
  if (token.front() == '"') {
    const auto fault = check_text(token.substr(1, token.size() - 2));
    if (fault != text_fault::none) return refuse(std::string(describe(fault)) + ": " + one_line(token, 80));
  } else if (token.front() == '-' || (token.front() >= '0' && token.front() <= '9')) {
    digits_.clear();
    const auto fault = plain_decimal(token, 0, false, caps_, digits_);
    if (fault != number_fault::none) {
      return bad_number(static_cast<int>(fault), "a number", {datum::type::number, false, token});
    }
  }
  return true;
}

template <class Sink>
bool converter::append_json(const datum& d, Sink& out) {
  if (d.is == datum::type::text) {
    digits_.clear();
    append_quoted(digits_, d.raw);
    out.append(std::string_view(digits_));
    return true;
  }
  if (d.in == nullptr) {
    if (!check_scalar_json(d.raw)) return false;
    out.append(d.raw);
    return true;
  }
  // Most upstreams write no white space between tokens: then nothing has to be put together.
  const tokens& t = *d.in;
  bool tight = true;
  std::size_t depth = 0;
  std::uint32_t i = d.token;
  for (;; ++i) {
    const char c = t[i];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    const std::string_view scalar = t.scalar(i);
    if (!check_scalar_json(scalar)) return false;
    if (depth == 0) break;
    tight = tight && scalar.data() + scalar.size() == t.text + t.at[i + 1];
  }
  const char* const from = t.text + t.at[d.token];
  if (tight) {
    out.append(
        std::string_view(from, static_cast<std::size_t>(t.text + t.at[i] + t.scalar(i).size() - from)));
    return true;
  }
  for (std::uint32_t k = d.token; k <= i; ++k) out.append(t.scalar(k));
  return true;
}

template bool converter::append_json(const datum&, std::string&);
template bool converter::append_json(const datum&, column_builder&);
}  // namespace sluice::decode
