// Small text tools of the simulated upstream: hashing that never changes, JSON text, instants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::upstream {

[[nodiscard]] std::uint64_t mix(std::uint64_t x) noexcept;
[[nodiscard]] std::uint64_t hash_text(std::string_view) noexcept;

// Appends a JSON string; with `ascii` everything beyond ASCII is written as \u escapes.
void put_json_text(std::string& out, std::string_view utf8, bool ascii = false);
void put_number(std::string& out, std::uint64_t value, int width = 0);

enum class instant_style : std::uint8_t { seconds, micros, offset };
// RFC 3339 of microseconds since 1970. `seconds` shows a fraction only where there is one.
void put_instant(std::string& out, std::int64_t us, instant_style style = instant_style::seconds);
// Returns false when the text is no RFC 3339 instant.
[[nodiscard]] bool parse_instant(std::string_view text, std::int64_t& us) noexcept;

[[nodiscard]] std::string percent_decode(std::string_view);
[[nodiscard]] std::string base64_decode(std::string_view);
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text) noexcept;  // `*` alone

// A name in one of twelve scripts, always the same for the same hash. Trimmed, never empty.
[[nodiscard]] std::string make_name(std::uint64_t hash);
[[nodiscard]] std::string make_phrase(std::uint64_t hash, int words);

}  // namespace sluice::upstream
