// The codes of this plugin: see docs/errors.md.
#pragma once

namespace sluice::durable::codes {

inline constexpr const char* bad_config = "SLU-4801";
inline constexpr const char* unreachable = "SLU-4802";
inline constexpr const char* refused = "SLU-4803";

}  // namespace sluice::durable::codes
