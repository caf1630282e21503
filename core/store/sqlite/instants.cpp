#include "store/sqlite/instants.hpp"

#include <chrono>

#include "store/errors.hpp"

namespace sluice::store::sqlite {

namespace {

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t first_day = -719'528, last_day = 2'932'896;  // 0000-01-01, 9999-12-31

void put(std::string& out, std::size_t at, std::size_t width, std::int64_t value) {
  for (std::size_t i = width; i-- > 0; value /= 10) out[at + i] = static_cast<char>('0' + value % 10);
}

std::int64_t get(std::string_view text, std::size_t at, std::size_t width) {
  if (text.size() < at + width) {
    throw internal(code::damaged, "the store holds `" + std::string(text) + "` where an instant is needed");
  }
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + width; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

}  // namespace

std::optional<std::string> date_text(std::int64_t days) {
  if (days < first_day || days > last_day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::string out = "0000-00-00";
  put(out, 0, 4, static_cast<int>(date.year()));
  put(out, 5, 2, static_cast<unsigned>(date.month()));
  put(out, 8, 2, static_cast<unsigned>(date.day()));
  return out;
}

std::optional<std::string> instant_text(std::int64_t us) {
  std::int64_t days = us / day_us;
  if (us % day_us < 0) --days;
  auto out = date_text(days);
  if (!out) return std::nullopt;
  const std::int64_t rest = us - days * day_us, seconds = rest / 1'000'000;
  *out += "T00:00:00.000000Z";
  put(*out, 11, 2, seconds / 3600);
  put(*out, 14, 2, seconds / 60 % 60);
  put(*out, 17, 2, seconds % 60);
  put(*out, 20, 6, rest % 1'000'000);
  return out;
}

std::int64_t date_days(std::string_view text) {
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(get(text, 0, 4))),
                                         std::chrono::month(static_cast<unsigned>(get(text, 5, 2))),
                                         std::chrono::day(static_cast<unsigned>(get(text, 8, 2)))};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::int64_t instant_us(std::string_view text) {
  const std::int64_t seconds = get(text, 11, 2) * 3600 + get(text, 14, 2) * 60 + get(text, 17, 2);
  return date_days(text) * day_us + seconds * 1'000'000 + get(text, 20, 6);
}

}  // namespace sluice::store::sqlite
