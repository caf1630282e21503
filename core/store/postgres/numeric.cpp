#include "store/postgres/numeric.hpp"

#include <algorithm>
#include <cstdint>

namespace sluice::store::postgres {

namespace {

constexpr std::size_t most_before = 131'072, most_after = 16'383;  // digits that numeric can hold

bool all_digits(std::string_view v) {
  return std::all_of(v.begin(), v.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void append16(std::string& out, int v) {
  out.push_back(static_cast<char>((v >> 8) & 0xff));
  out.push_back(static_cast<char>(v & 0xff));
}

void append32(std::string& out, std::int32_t v) {
  append16(out, v >> 16);
  append16(out, v & 0xffff);
}

// The digits in groups of four around the point, without zero groups at either end.
struct groups {
  std::string digits;  // a multiple of four
  int weight = 0;      // of the first group, in powers of 10,000
};

groups group(std::string_view whole, std::string_view fraction) {
  groups g;
  g.digits.assign((4 - whole.size() % 4) % 4, '0');
  g.digits.append(whole);
  g.weight = static_cast<int>(g.digits.size() / 4) - 1;
  g.digits.append(fraction);
  g.digits.append((4 - fraction.size() % 4) % 4, '0');
  const auto is_zero = [&](std::size_t at) { return g.digits.compare(at, 4, "0000") == 0; };
  std::size_t from = 0, to = g.digits.size();
  while (from < to && is_zero(from)) from += 4, --g.weight;
  while (to > from && is_zero(to - 4)) to -= 4;
  g.digits = g.digits.substr(from, to - from);
  return g;
}

}  // namespace

std::optional<std::string> append_numeric(std::string& out, std::string_view decimal) {
  const bool negative = decimal.starts_with('-');
  const std::string_view plain = decimal.substr(negative ? 1 : 0);
  const std::size_t point = plain.find('.');
  const std::string_view whole = plain.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : plain.substr(point + 1);
  if (whole.empty() || !all_digits(whole) || !all_digits(fraction) ||
      (point != std::string_view::npos && fraction.empty())) {
    return "`" + std::string(decimal.substr(0, 40)) + "` is not a decimal in plain notation";
  }
  if (whole.size() > most_before || fraction.size() > most_after) {
    return "PostgreSQL's numeric can't hold more than 131072 digits before and 16383 after the point";
  }
  const groups g = group(whole, fraction);
  const auto count = static_cast<int>(g.digits.size() / 4);
  append32(out, 8 + 2 * count);
  append16(out, count);
  append16(out, count == 0 ? 0 : g.weight);
  append16(out, negative && count > 0 ? 0x4000 : 0);
  append16(out, static_cast<int>(fraction.size()));
  for (std::size_t i = 0; i < g.digits.size(); i += 4) {
    int value = 0;
    for (std::size_t k = 0; k < 4; ++k) value = value * 10 + (g.digits[i + k] - '0');
    append16(out, value);
  }
  return {};
}

}  // namespace sluice::store::postgres
