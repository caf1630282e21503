#include "upstream/text.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace sluice::upstream {

std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

std::uint64_t hash_text(std::string_view text) noexcept {
  std::uint64_t h = 0xCBF29CE484222325U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return mix(h);
}

void put_number(std::string& out, std::uint64_t value, int width) {
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const auto digits = end - buffer.data();
  if (digits < width) out.append(static_cast<std::size_t>(width - digits), '0');
  out.append(buffer.data(), end);
}

namespace {
void put_unit(std::string& out, std::uint32_t unit) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex[(unit >> static_cast<unsigned>(shift)) & 15U];
}

// Writes one code point of valid UTF-8 as escapes and returns its length.
std::size_t put_escaped(std::string& out, std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i])); };
  const std::uint32_t lead = byte(0);
  const std::size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  std::uint32_t cp = lead & (n == 4 ? 0x07U : n == 3 ? 0x0FU : 0x1FU);
  for (std::size_t i = 1; i < n; ++i) cp = (cp << 6U) | (byte(i) & 0x3FU);
  if (cp < 0x10000) {
    put_unit(out, cp);
  } else {
    put_unit(out, 0xD800U + ((cp - 0x10000U) >> 10U));
    put_unit(out, 0xDC00U + ((cp - 0x10000U) & 0x3FFU));
  }
  return n;
}
}  // namespace

void put_json_text(std::string& out, std::string_view utf8, bool ascii) {
  out += '"';
  for (std::size_t i = 0; i < utf8.size();) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c >= 0x80 && ascii) {
      i += put_escaped(out, utf8.substr(i));
      continue;
    }
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c < 0x20) put_unit(out, c);
        else out += static_cast<char>(c);
    }
    ++i;
  }
  out += '"';
}

void put_instant(std::string& out, std::int64_t us, instant_style style) {
  using namespace std::chrono;
  constexpr std::int64_t half_past_five = (5 * 60 + 30) * 60'000'000LL;
  const sys_time<microseconds> at{microseconds{style == instant_style::offset ? us + half_past_five : us}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  put_number(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  out += '-';
  put_number(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  put_number(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  put_number(out, static_cast<std::uint64_t>(clock.hours().count()), 2);
  out += ':';
  put_number(out, static_cast<std::uint64_t>(clock.minutes().count()), 2);
  out += ':';
  put_number(out, static_cast<std::uint64_t>(clock.seconds().count()), 2);
  if (style == instant_style::micros || clock.subseconds().count() != 0) {
    out += '.';
    put_number(out, static_cast<std::uint64_t>(clock.subseconds().count()), 6);
  }
  out += style == instant_style::offset ? "+05:30" : "Z";
}

namespace {
// Takes exactly `n` digits off the front.
bool take(std::string_view& text, std::size_t n, int& value) noexcept {
  if (text.size() < n) return false;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + n, value);
  if (ec != std::errc{} || end != text.data() + n || value < 0) return false;
  text.remove_prefix(n);
  return true;
}
bool take(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}
std::int64_t take_fraction(std::string_view& text) noexcept {
  std::int64_t us = 0, unit = 100'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    us += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return us;
}
}  // namespace

bool parse_instant(std::string_view t, std::int64_t& us) noexcept {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take(t, 4, y) || !take(t, '-') || !take(t, 2, mo) || !take(t, '-') || !take(t, 2, d)) return false;
  if (!take(t, 'T') || !take(t, 2, h) || !take(t, ':') || !take(t, 2, mi) || !take(t, ':') || !take(t, 2, s)) return false;
  std::int64_t value = take(t, '.') ? take_fraction(t) : 0;
  int oh = 0, om = 0;
  const int sign = t.empty() ? 0 : t.front() == '-' ? 1 : -1;
  if (!take(t, 'Z')) {
    if (t.empty()) return false;
    t.remove_prefix(1);
    if (!take(t, 2, oh) || !take(t, ':') || !take(t, 2, om)) return false;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!t.empty() || !date.ok() || h > 23 || mi > 59 || s > 60) return false;
  const std::int64_t day_s = sys_days{date}.time_since_epoch().count() * 86'400LL;
  value += (day_s + h * 3600 + mi * 60 + s + sign * (oh * 3600 + om * 60)) * 1'000'000LL;
  us = value;
  return true;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string base64_decode(std::string_view text) {
  std::string out;
  unsigned bits = 0, have = 0;
  for (const char c : text) {
    unsigned v = 0;
    if (c >= 'A' && c <= 'Z') v = static_cast<unsigned>(c - 'A');
    else if (c >= 'a' && c <= 'z') v = static_cast<unsigned>(c - 'a') + 26;
    else if (c >= '0' && c <= '9') v = static_cast<unsigned>(c - '0') + 52;
    else if (c == '+' || c == '-') v = 62;
    else if (c == '/' || c == '_') v = 63;
    else break;
    bits = ((bits << 6U) | v) & 0xFFFFFFU;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>((bits >> have) & 0xFFU);
    }
  }
  return out;
}

bool glob_match(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {
constexpr std::array<std::string_view, 36> names{
    "Ada Lovelace",   "Zoë Núñez",       "Łukasz Żółć",     "Ελένη Παπά",      "Юлия Щукина",   "Їжак Ґалаґан",
    "אורי לוי",       "ליאת כהן",        "ليلى حداد",       "عمر الخطيب",      "अनन्या शर्मा",      "विक्रम सिंह",
    "สมชาย ใจดี",      "มาลี ศรีสุข",        "李小龍",          "王秀英",          "さくら 田中",   "タロウ 山田",
    "김민준",         "이서연",          "நிலா குமார்",      "முருகன் ராஜா",      "აია გელაშვილი", "ნინო ბერიძე",
    "Արամ Հակոբյան",  "Անի Սարգսյան",    "አበበ ቢቂላ",         "ሰላም ታደሰ",         "D'Arcy O’Neil", "Anne-Marie St. John",
    "Jörg Weiß",      "Nguyễn Thị Hương", "Þór Ægisson",    "Sebastião Conceição", "René\u0301e", "Ivan"};
constexpr std::array<std::string_view, 16> words{"north", "quota", "trial", "\"bonus\"", "plan", "Überschuss", "café", "a\\b",
                                                 "100%",  "月次",  "<b>",   "&amp;",     "🎁",   "renewal",    "tax", "O'Hara"};
}  // namespace

std::string make_name(std::uint64_t hash) {
  std::string out{names[hash % names.size()]};
  const auto more = mix(hash);
  if (more % 13 == 0) out += " \xF0\x9F\xA6\x8A";
  if (more % 17 == 0) out = "\"" + out + "\" \\ the 2nd";
  if (more % 19 == 0) out += "\n\tc/o desk";
  out += ' ';
  put_number(out, hash % 100'000);
  return out;
}

std::string make_phrase(std::uint64_t hash, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    hash = mix(hash);
    if (i != 0) out += ' ';
    out += words[hash % words.size()];
  }
  return out;
}

}  // namespace sluice::upstream
