// Which columns a mapping fills that a row can do without: those that an upstream may drop unnoticed.
#pragma once

#include <vector>

#include "decode/program.hpp"
#include "engine/types.hpp"

namespace sluice::host {

// For each stream of the program, in the order of their wire columns.
[[nodiscard]] std::vector<std::vector<engine::optional_column>> optional_columns(const decode::program& p);

}  // namespace sluice::host
