// The identifiers that tie log lines, requests, rows and runs together. Pure: the caller gives time
// and randomness, so that a simulation gets the same ids again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::observe {

// sync-{tenant}-{unix ms}-{8 hex}
[[nodiscard]] std::string correlation_id(std::string_view tenant, std::int64_t unix_ms, std::uint64_t random);

// Whether a correlation id from outside may be used as it is: 1-128 characters of A-Z a-z 0-9 . _ : -
// (it goes into headers, log lines and workflow ids).
[[nodiscard]] bool valid_correlation_id(std::string_view text) noexcept;

// A UUID of version 7 in lower case: sorts by time.
[[nodiscard]] std::string uuid_v7(std::int64_t unix_ms, std::uint64_t random_high, std::uint64_t random_low);

}  // namespace sluice::observe
