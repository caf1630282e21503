// Instants as people and upstreams read them.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::observe {

// RFC 3339 in UTC with six digits of a second, such as 2026-02-03T04:05:06.000007Z.
[[nodiscard]] std::string rfc3339(std::int64_t unix_us);

}  // namespace sluice::observe
