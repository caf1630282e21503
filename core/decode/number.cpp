#include "decode/number.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace sluice::decode {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_from(std::string_view s, std::size_t i) {
  while (i < s.size() && is_digit(s[i])) ++i;
  return i;
}

// Where each part of a number ends; size 0 when the grammar is broken.
struct parts {
  std::size_t whole_from = 0, whole_to = 0;
  std::size_t fraction_from = 0, fraction_to = 0;
  std::size_t exponent_from = 0, size = 0;
  bool negative = false, has_exponent = false;
};

parts split(std::string_view s) noexcept {
  parts p;
  std::size_t i = 0;
  if (i < s.size() && s[i] == '-') {
    p.negative = true;
    ++i;
  }
  p.whole_from = i;
  p.whole_to = digits_from(s, i);
  if (p.whole_to == i || (s[i] == '0' && p.whole_to > i + 1)) return p;
  i = p.fraction_from = p.fraction_to = p.whole_to;
  if (i < s.size() && s[i] == '.') {
    p.fraction_from = i + 1;
    i = p.fraction_to = digits_from(s, i + 1);
    if (p.fraction_to == p.fraction_from) return p;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    p.has_exponent = true;
    ++i;
    if (i < s.size() && s[i] == '+') ++i;
    p.exponent_from = i;
    if (i < s.size() && s[i] == '-') ++i;
    if (p.exponent_from < i && s[p.exponent_from - 1] == '+') return p;
    const std::size_t to = digits_from(s, i);
    if (to == i) return p;
    i = to;
  }
  p.size = i;
  return p;
}

bool all_zero(std::string_view s) { return s.find_first_not_of("0.") == std::string_view::npos; }

// Appends the digits with the point after `whole` of them; zeros are put where digits lack.
void place_point(std::string_view digits, long long whole, std::string& out) {
  const auto count = static_cast<long long>(digits.size());
  if (whole <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-whole), '0');
    out += digits;
    return;
  }
  if (whole >= count) {
    const std::size_t first = digits.find_first_not_of('0');
    if (first == std::string_view::npos) {
      out += '0';
      return;
    }
    out += digits.substr(first);
    out.append(static_cast<std::size_t>(whole - count), '0');
    return;
  }
  std::string_view before = digits.substr(0, static_cast<std::size_t>(whole));
  while (before.size() > 1 && before.front() == '0') before.remove_prefix(1);
  out += before;
  out += '.';
  out += digits.substr(static_cast<std::size_t>(whole));
}

number_fault parse_plain(std::string_view whole, bool negative, std::int64_t& out) {
  std::string text(negative ? "-" : "");
  text += whole;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size() ? number_fault::none : number_fault::range;
}

}  // namespace

bool is_number(std::string_view s) noexcept { return !s.empty() && split(s).size == s.size(); }

bool is_integer(std::string_view s) noexcept {
  const parts p = split(s);
  return p.size == s.size() && p.whole_to == s.size() && !s.empty();
}

number_fault plain_decimal(std::string_view s, int shift, bool negate, const limits& caps, std::string& out) {
  const parts p = split(s);
  if (p.size == 0 || p.size != s.size()) return number_fault::not_a_number;
  const std::size_t count = (p.whole_to - p.whole_from) + (p.fraction_to - p.fraction_from);
  if (count > caps.digits) return number_fault::digits;
  int exponent = 0;
  if (p.has_exponent) {
    const auto [end, ec] = std::from_chars(s.data() + p.exponent_from, s.data() + s.size(), exponent);
    if (ec != std::errc{} || std::abs(exponent) > caps.exponent) return number_fault::exponent;
  }
  const bool negative =
      p.negative != negate && !all_zero(s.substr(p.whole_from, p.fraction_to - p.whole_from));
  if (negative) out += '-';
  if (exponent == 0 && shift == 0) {
    out += s.substr(p.whole_from, p.fraction_to - p.whole_from);
    return number_fault::none;
  }
  std::string digits(s.substr(p.whole_from, p.whole_to - p.whole_from));
  digits += s.substr(p.fraction_from, p.fraction_to - p.fraction_from);
  place_point(digits, static_cast<long long>(p.whole_to - p.whole_from) + exponent + shift, out);
  return number_fault::none;
}

number_fault exact_int64(std::string_view s, int shift, bool negate, const limits& caps, std::int64_t& out) {
  if (shift == 0 && !negate && s.size() < 19 && is_integer(s)) {
    std::from_chars(s.data(), s.data() + s.size(), out);
    return number_fault::none;
  }
  std::string plain;
  if (const auto fault = plain_decimal(s, shift, negate, caps, plain); fault != number_fault::none)
    return fault;
  std::string_view rest = plain;
  const bool negative = rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  if (point != std::string_view::npos && !all_zero(rest.substr(point))) return number_fault::fraction;
  return parse_plain(rest.substr(0, point), negative, out);
}

number_fault floor_int64(std::string_view s, int shift, const limits& caps, std::int64_t& out) {
  std::string plain;
  if (const auto fault = plain_decimal(s, shift, false, caps, plain); fault != number_fault::none)
    return fault;
  std::string_view rest = plain;
  const bool negative = rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  const auto fault = parse_plain(rest.substr(0, point), negative, out);
  if (fault != number_fault::none) return fault;
  if (negative && point != std::string_view::npos && !all_zero(rest.substr(point))) {
    if (out == INT64_MIN) return number_fault::range;
    --out;
  }
  return number_fault::none;
}

number_fault nearest_double(std::string_view s, int shift, bool negate, const limits& caps, double& out) {
  std::string plain;
  if (const auto fault = plain_decimal(s, shift, negate, caps, plain); fault != number_fault::none)
    return fault;
  if (shift == 0 && !negate) plain = s;  // keeps the sign of a zero
  const auto [end, ec] = std::from_chars(plain.data(), plain.data() + plain.size(), out);
  if (ec == std::errc::result_out_of_range && std::isfinite(std::strtod(plain.c_str(), nullptr))) {
    out = std::strtod(plain.c_str(), nullptr);  // too small: the nearest double is a zero or a denormal
    return number_fault::none;
  }
  return ec == std::errc{} && std::isfinite(out) ? number_fault::none : number_fault::range;
}

bool same_number(std::string_view a, std::string_view b, const limits& caps) {
  if (a == b) return true;
  std::string x, y;
  if (plain_decimal(a, 0, false, caps, x) != number_fault::none) return false;
  if (plain_decimal(b, 0, false, caps, y) != number_fault::none) return false;
  const auto trim = [](std::string& s) {
    if (s.find('.') == std::string::npos) return;
    while (s.back() == '0') s.pop_back();
    if (s.back() == '.') s.pop_back();
  };
  trim(x);
  trim(y);
  return x == y;
}

}  // namespace sluice::decode
