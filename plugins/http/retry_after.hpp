// How long an upstream asks to be left alone: the header Retry-After, in seconds or as an HTTP date.
#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace sluice::http {

inline constexpr std::chrono::milliseconds longest_wait{15 * 60 * 1000};

// Zero: absent, past or no sense in it. A date counts from the answer's own `Date` where it has one, so that a
// wrong clock on either side does no harm. Never more than longest_wait.
[[nodiscard]] std::chrono::milliseconds parse_retry_after(const std::string& value, const std::string& date, std::time_t now);

}  // namespace sluice::http
