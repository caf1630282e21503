// What a scalar is by YAML 1.2's core schema, and the units that manifests write as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/node.hpp"

namespace sluice::manifest {

enum class scalar_type : std::uint8_t { null, boolean, integer, real, text };

[[nodiscard]] scalar_type classify(std::string_view plain);
[[nodiscard]] scalar_type classify(const node& scalar);

[[nodiscard]] std::optional<bool> parse_boolean(std::string_view);
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view);  // decimal; no leading zeros
[[nodiscard]] std::optional<double> parse_real(std::string_view);

[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view);  // "200ms" → microseconds
[[nodiscard]] std::optional<double> parse_ratio(std::string_view);           // "25%" → 0.25
[[nodiscard]] std::optional<double> parse_rate(std::string_view);            // "50/s" → 50; also /m, /h
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view);      // "64MiB" → bytes

[[nodiscard]] std::string format_duration(std::int64_t microseconds);
[[nodiscard]] std::string format_number(double);

// "the number 5", "a list": how a message names what stands there. Text is quoted.
[[nodiscard]] std::string describe(const node&);

}  // namespace sluice::manifest
