// Numbers without loss: from JSON's notation to plain digits, never through a double.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "decode/program.hpp"

namespace sluice::decode {

// Whether `s` is a number by JSON's grammar.
[[nodiscard]] bool is_number(std::string_view s) noexcept;
// The same without fraction and exponent.
[[nodiscard]] bool is_integer(std::string_view s) noexcept;

enum class number_fault : std::uint8_t { none, not_a_number, digits, exponent, range, fraction };

// Appends s × 10^shift in plain notation, its digits and scale kept: "1.50e3" → "1500", shift -2 of "1250"
// → "12.50". A zero has no sign.
[[nodiscard]] number_fault plain_decimal(std::string_view s, int shift, bool negate, const limits& caps,
                                         std::string& out);

// The int64 that s × 10^shift is, exactly: "1e3" and "5.0" are integers, "1.5" isn't.
[[nodiscard]] number_fault exact_int64(std::string_view s, int shift, bool negate, const limits& caps,
                                       std::int64_t& out);

// s × 10^shift, rounded towards minus infinity.
[[nodiscard]] number_fault floor_int64(std::string_view s, int shift, const limits& caps, std::int64_t& out);

// The nearest double; range when it would be infinite.
[[nodiscard]] number_fault nearest_double(std::string_view s, int shift, bool negate, const limits& caps,
                                          double& out);

// Equal as numbers: 1, 1.0 and 10e-1 are.
[[nodiscard]] bool same_number(std::string_view a, std::string_view b, const limits& caps);

}  // namespace sluice::decode
