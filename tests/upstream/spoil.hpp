// What faults do to the text of a correct page, and how it is packed for the wire.
#pragma once

#include <string>
#include <string_view>

#include "upstream/faults.hpp"

namespace sluice::upstream {

// The page with the values of `key` replaced by `with`, or without them, in the first `count` places; or in
// another encoding. Any other fault: the page as it is.
[[nodiscard]] std::string spoil_text(std::string_view page, const fault&);

[[nodiscard]] std::string gzip(std::string_view plain);
// Blocks of one byte again and again take four bytes, all others are stored.
[[nodiscard]] std::string zstd(std::string_view plain);

}  // namespace sluice::upstream
