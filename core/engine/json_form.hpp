// One text for all JSON texts that mean the same, so that a hash survives a store which keeps the meaning
// and not the bytes: keys in order, the last of equal ones, no blanks, digits with their scale.
#pragma once

#include <string_view>

#include "engine/byte_sink.hpp"

namespace sluice::engine {

// Appends that form of `json`; the bytes as they are where it is no JSON, or nested too deep.
void append_json_form(byte_sink& out, std::string_view json);

// Digits in plain or in JSON's notation, as one number with its scale: "1.50e1" and "15.0" are equal,
// "15" is another. A zero has no sign. Anything else is appended as it is.
void append_number_form(byte_sink& out, std::string_view digits);

}  // namespace sluice::engine
