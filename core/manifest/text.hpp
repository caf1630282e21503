// Small helpers on text: names, suggestions, UTF-8, quoting for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::manifest {

// `text` in backquotes, shortened and with control characters made visible, for a message.
[[nodiscard]] std::string in_ticks(std::string_view text);

// [a-z][a-z0-9_-]{0,62}
[[nodiscard]] bool is_name(std::string_view);
// Tenant ids: letters, digits, `.`, `_`, `-`; at most 63; begins with a letter or a digit.
[[nodiscard]] bool is_tenant_id(std::string_view);

// "did you mean `x`?" for the nearest of `known`, else a list of what is known when it is short, else empty.
[[nodiscard]] std::string suggestion(std::string_view unknown, const std::vector<std::string>& known,
                                     std::string_view what);

// The nearest of `known` as "did you mean `x`?", or empty.
[[nodiscard]] std::string nearest(std::string_view unknown, const std::vector<std::string>& known);

// `a`, `b` and `c`
[[nodiscard]] std::string enumerate(const std::vector<std::string>&);

// Offset of the first byte that is not valid UTF-8, or npos.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view);
[[nodiscard]] int count_characters(std::string_view utf8);

[[nodiscard]] std::string join(const std::vector<std::string>&, std::string_view separator);

// RFC 6901: empty, or "/"-led with `~` only as ~0 and ~1.
[[nodiscard]] bool is_json_pointer(std::string_view);

}  // namespace sluice::manifest
