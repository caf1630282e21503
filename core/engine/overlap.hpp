// Whether two batches may be written at the same time.
#pragma once

#include <vector>

#include "engine/store.hpp"

namespace sluice::engine {

// True when neither can wait for the other nor find other rows because of it: no stream of theirs looks for
// parents, and where both bring rows of one stream, all keys of one are greater than all of the other.
[[nodiscard]] bool independent(const std::vector<page_write>& a, const std::vector<page_write>& b);

}  // namespace sluice::engine
