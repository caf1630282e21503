#include "manifest/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

bool all_digits(std::string_view s) {
  return !s.empty() && std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_integer(std::string_view s) {
  if (s.starts_with("0o")) {
    return s.size() > 2 && s.find_first_not_of("01234567", 2) == std::string_view::npos;
  }
  if (s.starts_with("0x")) {
    return s.size() > 2 && s.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  }
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  return all_digits(s);
}

bool is_real(std::string_view s) {
  if (s == ".nan" || s == ".NaN" || s == ".NAN") return true;
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  if (s == ".inf" || s == ".Inf" || s == ".INF") return true;
  std::string_view mantissa = s;
  if (const std::size_t e = s.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = s.substr(e + 1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (!all_digits(exponent)) return false;
    mantissa = s.substr(0, e);
  }
  const std::size_t dot = mantissa.find('.');
  if (dot == std::string_view::npos) return all_digits(mantissa);
  const std::string_view whole = mantissa.substr(0, dot), part = mantissa.substr(dot + 1);
  if (whole.empty()) return all_digits(part);
  return all_digits(whole) && (part.empty() || all_digits(part));
}

struct unit {
  std::string_view name;
  double factor;
};

// "2.5h" with units {h: …} → 2.5 * factor.
template <std::size_t N>
std::optional<double> with_unit(std::string_view s, const std::array<unit, N>& units) {
  const std::size_t end = s.find_first_not_of("0123456789.");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view number = s.substr(0, end), name = s.substr(end);
  const std::size_t dot = number.find('.');
  const bool plain = dot == std::string_view::npos
                         ? all_digits(number)
                         : all_digits(number.substr(0, dot)) && all_digits(number.substr(dot + 1));
  if (!plain || number.size() > 15) return std::nullopt;
  for (const unit& u : units) {
    if (u.name == name) return parse_real(number).value_or(0) * u.factor;
  }
  return std::nullopt;
}

constexpr std::array<unit, 6> durations{
    {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"d", 86400e6}}};
constexpr std::array<unit, 1> ratios{{{"%", 0.01}}};
constexpr std::array<unit, 3> rates{{{"/s", 1}, {"/m", 1.0 / 60}, {"/h", 1.0 / 3600}}};
constexpr std::array<unit, 4> sizes{{{"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}}};

std::optional<std::int64_t> whole(std::optional<double> v) {
  if (!v || *v > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*v));
}

}  // namespace

scalar_type classify(std::string_view s) {
  if (s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL") return scalar_type::null;
  if (parse_boolean(s)) return scalar_type::boolean;
  if (is_integer(s)) return scalar_type::integer;
  return is_real(s) ? scalar_type::real : scalar_type::text;
}

scalar_type classify(const node& n) {
  if (n.is_null()) return scalar_type::null;
  return n.quoted ? scalar_type::text : classify(n.text);
}

std::optional<bool> parse_boolean(std::string_view s) {
  if (s == "true" || s == "True" || s == "TRUE") return true;
  if (s == "false" || s == "False" || s == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view s) {
  if (s.starts_with('+')) s.remove_prefix(1);
  const std::string_view digits = s.starts_with('-') ? s.substr(1) : s;
  if (!all_digits(digits) || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return v;
}

std::optional<double> parse_real(std::string_view s) {
  if (!is_real(s)) return std::nullopt;
  if (s.starts_with('+')) s.remove_prefix(1);
  double v = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (error != std::errc() || end != s.data() + s.size() || !std::isfinite(v)) return std::nullopt;
  return v;
}

std::optional<std::int64_t> parse_duration(std::string_view s) { return whole(with_unit(s, durations)); }
std::optional<double> parse_ratio(std::string_view s) { return with_unit(s, ratios); }
std::optional<double> parse_rate(std::string_view s) { return with_unit(s, rates); }
std::optional<std::int64_t> parse_size(std::string_view s) { return whole(with_unit(s, sizes)); }

std::string format_duration(std::int64_t us) {
  for (auto u = durations.rbegin(); u != durations.rend(); ++u) {
    const auto factor = static_cast<std::int64_t>(u->factor);
    if (us >= factor && us % factor == 0) return std::to_string(us / factor) + std::string(u->name);
  }
  return std::to_string(us) + (us == 0 ? "s" : "us");
}

std::string format_number(double v) {
  char buffer[32];
  const auto r = std::to_chars(buffer, buffer + sizeof buffer, v);
  return {buffer, r.ptr};
}

std::string describe(const node& n) {
  if (n.is_null()) return "nothing";
  if (n.is_sequence()) return "a list";
  if (n.is_mapping()) return "a mapping";
  switch (classify(n)) {
    case scalar_type::boolean: return "the boolean " + in_ticks(n.text);
    case scalar_type::integer:
    case scalar_type::real: return "the number " + in_ticks(n.text);
    default: return "the text " + in_ticks(n.text);
  }
}

}  // namespace sluice::manifest
