// An exact number as text in plain notation: "12.50", "-0.003". Never goes through a double.
#pragma once

#include <string_view>

namespace sluice {

class decimal {
 public:
  constexpr decimal(std::string_view text) noexcept : text_(text) {}  // NOLINT: as natural as a literal
  constexpr decimal(const char* text) noexcept : text_(text) {}       // NOLINT

  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  // Digits, at most one point with digits on both sides, at most one minus in front.
  [[nodiscard]] constexpr bool plain() const noexcept {
    const auto point = digits().find('.');
    const auto whole = digits().substr(0, point);
    if (!only_digits(whole)) return false;
    return point == std::string_view::npos || only_digits(digits().substr(point + 1));
  }
  [[nodiscard]] constexpr bool zero() const noexcept {
    return digits().find_first_not_of("0.") == std::string_view::npos;
  }
  // -0 is not negative.
  [[nodiscard]] constexpr bool negative() const noexcept { return text_.starts_with('-') && !zero(); }

 private:
  [[nodiscard]] constexpr std::string_view digits() const noexcept {
    return text_.starts_with('-') ? text_.substr(1) : text_;
  }
  [[nodiscard]] static constexpr bool only_digits(std::string_view s) noexcept {
    return !s.empty() && s.find_first_not_of("0123456789") == std::string_view::npos;
  }

  std::string_view text_;
};

}  // namespace sluice
