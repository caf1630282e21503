// The stable error codes of this plugin.
#pragma once

namespace sluice::files::codes {

inline constexpr const char* bad_config = "SLU-3201";
inline constexpr const char* bad_request = "SLU-3202";
inline constexpr const char* unsafe_path = "SLU-3203";  // would leave the tenant's folder
inline constexpr const char* not_found = "SLU-3204";
inline constexpr const char* not_regular = "SLU-3205";  // a link, a pipe, a folder
inline constexpr const char* too_large = "SLU-3206";
inline constexpr const char* changed = "SLU-3207";  // while it was read
inline constexpr const char* unreadable = "SLU-3208";
inline constexpr const char* bad_state = "SLU-3209";  // a page state of another version
inline constexpr const char* unknown_format = "SLU-3210";
inline constexpr const char* empty = "SLU-3211";

}  // namespace sluice::files::codes
