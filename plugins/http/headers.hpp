// The head of a request: which lines there are, and what may stand in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "request.hpp"

namespace sluice::http {

// Adds those of the read, the source and our own: "Name: value", without credentials. Each name once: what the read
// says goes before the source, and that before our own. Throws failure: bad_value, or a variable is missing.
void add_headers(std::vector<std::string>& out, const settings&, const read_plan&, const vars&);

// Throws failure (bad_value) when the text would end the header.
void check_header_value(const std::string& name, std::string_view value);

// Of ASCII.
[[nodiscard]] std::string to_lower(std::string text);

}  // namespace sluice::http
