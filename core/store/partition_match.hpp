// Whether a row that waits for its parent lies in a partition.
#pragma once

#include <string>

#include "store/partition.hpp"

namespace sluice::store {

// `row` is what row_codec has made of it.
[[nodiscard]] bool lies_in(const partition_filter& filter, const stream_schema& stream,
                           const std::string& row);

}  // namespace sluice::store
