// The codes of this plugin: see docs/errors.md.
#pragma once

#include <string>

namespace sluice::durable::codes {

inline constexpr const char* bad_config = "SLU-4801";
inline constexpr const char* unreachable = "SLU-4802";
inline constexpr const char* refused = "SLU-4803";
inline constexpr const char* limited = "SLU-4804";

// As the fields of a line of the log.
inline std::string as_field(const char* code) { return std::string(R"({"code":")") + code + "\"}"; }

}  // namespace sluice::durable::codes
