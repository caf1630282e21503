#include "manifest/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace sluice::manifest {
namespace {

// Edits between two words, a swap of neighbours being one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

// Length of the UTF-8 character at `s[i]`, 0 when it is broken.
std::size_t utf8_length(std::string_view s, std::size_t i) {
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(k < s.size() ? s[k] : 0); };
  const auto tail = [&](std::size_t k) { return (at(k) & 0xC0U) == 0x80U; };
  const unsigned char c = at(i);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return tail(i + 1) ? 2 : 0;
  if (c >= 0xE0 && c <= 0xEF) {
    if (!tail(i + 1) || !tail(i + 2)) return 0;
    const bool overlong = c == 0xE0 && at(i + 1) < 0xA0;
    const bool surrogate = c == 0xED && at(i + 1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if (!tail(i + 1) || !tail(i + 2) || !tail(i + 3)) return 0;
    const bool overlong = c == 0xF0 && at(i + 1) < 0x90;
    const bool beyond = c == 0xF4 && at(i + 1) > 0x8F;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::string in_ticks(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "`";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = std::max<std::size_t>(1, utf8_length(text, i));
    if (i + n > longest) {
      out += "…";
      break;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) {
      constexpr std::string_view hex = "0123456789abcdef";
      out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : std::string("\\x") + hex[c >> 4U] + hex[c & 15U];
    } else {
      out += text.substr(i, n);
    }
    i += n;
  }
  return out + "`";
}

bool is_name(std::string_view s) {
  return !s.empty() && s.size() <= 63 && is_lower(s[0]) &&
         std::ranges::all_of(s, [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_tenant_id(std::string_view s) {
  return !s.empty() && s.size() <= 63 && (is_letter(s[0]) || is_digit(s[0])) &&
         std::ranges::all_of(
             s, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

std::string nearest(std::string_view unknown, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(1, unknown.size() / 3) + 1;
  for (const std::string& k : known) {
    if (k.size() > unknown.size() + 4 || unknown.size() > k.size() + 4) continue;
    if (const std::size_t d = distance(unknown.substr(0, 64), std::string_view(k).substr(0, 64)); d < least) {
      least = d;
      best = &k;
    }
  }
  return best == nullptr ? std::string() : "did you mean `" + *best + "`?";
}

std::string suggestion(std::string_view unknown, const std::vector<std::string>& known,
                       std::string_view what) {
  if (known.empty()) return "there are no " + std::string(what);
  if (std::string near = nearest(unknown, known); !near.empty()) return near;
  constexpr std::size_t most = 12;
  std::vector<std::string> sorted = known;
  std::ranges::sort(sorted);
  std::string out = "known " + std::string(what) + ": ";
  for (std::size_t i = 0; i < sorted.size() && i < most; ++i) out += (i > 0 ? ", `" : "`") + sorted[i] + "`";
  if (sorted.size() > most) out += " and " + std::to_string(sorted.size() - most) + " more";
  return out;
}

std::size_t first_invalid_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t n = utf8_length(s, i);
    if (n == 0) return i;
    i += n;
  }
  return std::string_view::npos;
}

int count_characters(std::string_view utf8) {
  return static_cast<int>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string enumerate(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += in_ticks(names[i]);
  }
  return out;
}

bool is_json_pointer(std::string_view s) {
  if (s.empty()) return true;
  if (s[0] != '/') return false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '~' && (i + 1 == s.size() || (s[i + 1] != '0' && s[i + 1] != '1'))) return false;
  }
  return true;
}

}  // namespace sluice::manifest
