// The address of a request, taken apart and decoded strictly.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::server {

using named_values = std::map<std::string, std::string, std::less<>>;

// Of text between two slashes, or of a name or value of the query. Nothing: an escape that is none, or what is no
// plain text in UTF-8 (control characters, overlong forms).
[[nodiscard]] std::optional<std::string> decode(std::string_view text, bool in_query);

// Throws refusal (SLU-7110) for what can't be decoded and for a name that stands there twice.
[[nodiscard]] named_values read_query(std::string_view query);

// Whether `path`, such as /api/runs/7, fits `pattern`, such as /api/runs/{run_id}. The values by their names; they are never
// empty, `.`, `..` or longer than 256 bytes.
[[nodiscard]] std::optional<named_values> match_path(std::string_view pattern, std::string_view path);

}  // namespace sluice::server
