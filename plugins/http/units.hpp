// Durations and sizes as manifests write them: "30s", "200ms", "32MiB", "1KiB/s".
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sluice::http {

// `where` names the setting in the failure that is thrown when the text is something else.
[[nodiscard]] std::chrono::milliseconds parse_duration(std::string_view text, std::string_view where);
[[nodiscard]] std::uint64_t parse_size(std::string_view text, std::string_view where);
[[nodiscard]] std::uint64_t parse_rate(std::string_view text, std::string_view where);  // a second

}  // namespace sluice::http
