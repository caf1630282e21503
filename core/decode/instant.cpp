#include "decode/instant.hpp"

#include <chrono>
#include <cstddef>

namespace sluice::decode {

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_us = 86'400 * second_us;

// `count` digits at `i`, or -1.
int number_at(std::string_view s, std::size_t i, std::size_t count) noexcept {
  if (i + count > s.size()) return -1;
  int value = 0;
  for (std::size_t end = i + count; i < end; ++i) {
    const int digit = s[i] - '0';
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

bool is_at(std::string_view s, std::size_t i, char c) noexcept { return i < s.size() && s[i] == c; }

// Minutes east of UTC of "Z", "+02:00" or "+0200".
std::optional<int> parse_offset(std::string_view s) noexcept {
  if (s == "Z" || s == "z") return 0;
  if (s.empty() || (s[0] != '+' && s[0] != '-')) return std::nullopt;
  const bool colon = s.size() == 6 && s[3] == ':';
  if (!colon && s.size() != 5) return std::nullopt;
  const int hours = number_at(s, 1, 2), minutes = number_at(s, colon ? 4 : 3, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int east = hours * 60 + minutes;
  return s[0] == '-' ? -east : east;
}

// Microseconds of the digits that begin at `i`, which is moved behind them.
std::int64_t read_fraction(std::string_view s, std::size_t& i) noexcept {
  std::int64_t us = 0, unit = second_us;
  for (; i < s.size() && s[i] >= '0' && s[i] <= '9'; ++i) {
    unit /= 10;
    us += unit * (s[i] - '0');
  }
  return us;
}

}  // namespace

std::optional<std::int32_t> parse_date(std::string_view s) noexcept {
  if (s.size() != 10 || s[4] != '-' || s[7] != '-') return std::nullopt;
  const int year = number_at(s, 0, 4), month = number_at(s, 5, 2), day = number_at(s, 8, 2);
  if (year < 1 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(year),
                                        std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  if (!ymd.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(ymd).time_since_epoch().count());
}

std::optional<std::int64_t> parse_rfc3339(std::string_view s) noexcept {
  if (s.size() < 20 || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') || s[13] != ':' || s[16] != ':')
    return std::nullopt;
  const auto day = parse_date(s.substr(0, 10));
  const int hour = number_at(s, 11, 2), minute = number_at(s, 14, 2), second = number_at(s, 17, 2);
  if (!day || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  std::size_t i = 19;
  std::int64_t fraction = 0;
  if (is_at(s, i, '.')) {
    const std::size_t from = ++i;
    fraction = read_fraction(s, i);
    if (i == from) return std::nullopt;
  }
  const auto east = parse_offset(s.substr(i));
  if (!east) return std::nullopt;
  const std::int64_t minutes = *day * 1440LL + hour * 60 + minute - *east;
  const bool leap = second == 60;
  if (leap && (minutes % 1440 + 1440) % 1440 != 1439) return std::nullopt;
  const std::int64_t us = (minutes * 60 + second) * second_us + (leap ? 0 : fraction);
  if (us < first_instant_us || us > last_instant_us) return std::nullopt;
  return us;
}

std::int32_t day_of(std::int64_t us) noexcept {
  const std::int64_t day = us / day_us - (us % day_us < 0 ? 1 : 0);
  return static_cast<std::int32_t>(day);
}

}  // namespace sluice::decode
