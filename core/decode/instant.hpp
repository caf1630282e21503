// Points in time, from the notations that upstreams use to microseconds since 1970 UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::decode {

// Years 0001 to 9999, in UTC.
inline constexpr std::int64_t first_instant_us = -62'135'596'800'000'000;
inline constexpr std::int64_t last_instant_us = 253'402'300'799'999'999;

// RFC 3339; also a space for the `T` and an offset without colon. Fractions are floored to microseconds; a
// leap second is the second after it. A time without a zone is no instant.
[[nodiscard]] std::optional<std::int64_t> parse_rfc3339(std::string_view s) noexcept;

// YYYY-MM-DD → days since 1970-01-01.
[[nodiscard]] std::optional<std::int32_t> parse_date(std::string_view s) noexcept;

// The day of an instant, UTC.
[[nodiscard]] std::int32_t day_of(std::int64_t us) noexcept;

}  // namespace sluice::decode
