// The hash of a row: equal for equal values, so that an unchanged row is not even sent.
#pragma once

#include <vector>

#include "engine/types.hpp"

namespace sluice::engine {

// XXH3-128 over the length-prefixed values of all wire columns but source_version and _deleted.
// A deleted row has its own hash, so that a tombstone differs from the live row.
[[nodiscard]] std::vector<hash128> hash_rows(const batch_view& rows, const std::vector<column>& layout);

}  // namespace sluice::engine
