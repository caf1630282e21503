// The hash of a row: equal for equal values, so that an unchanged row is not even sent.
#pragma once

#include <vector>

#include "engine/types.hpp"

namespace sluice::engine {

// XXH3-128 over name and value of all wire columns that are not null, but source_version and _deleted.
// Values that a store may keep in another form (json, zeros of a decimal) count by their meaning, so
// that the hash can be made again from what is stored. A deleted row has its own hash.
[[nodiscard]] std::vector<hash128> hash_rows(const batch_view& rows, const std::vector<column>& layout);

}  // namespace sluice::engine
