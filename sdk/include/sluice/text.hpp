// Small helpers for rules about text. ASCII only: names keep the letters that their owners gave them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] constexpr std::string_view trim(std::string_view s) noexcept {
  constexpr std::string_view space = " \t\r\n\v\f";
  const auto from = s.find_first_not_of(space);
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(space) - from + 1);
}
[[nodiscard]] constexpr bool blank(std::string_view s) noexcept { return trim(s).empty(); }

[[nodiscard]] inline std::string to_upper(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}
[[nodiscard]] inline std::string to_lower(std::string_view s) {
  std::string out(s);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace sluice
