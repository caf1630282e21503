// Where the rows of one work item lie, as a condition on the table of a stream.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/schema.hpp>

#include "engine/store.hpp"

namespace sluice::store {

struct partition_filter {
  struct parent {
    std::size_t reference = 0;                             // in the stream's references
    std::vector<std::pair<std::string, std::string>> key;  // columns of the parent's key with their values
    bool whole = false;                                    // all of them: then it is one row
  };
  std::vector<std::pair<std::string, std::string>> columns;
  std::vector<parent> parents;
};

// Nothing: the item lacks a variable, or has an empty one, and so no partition.
[[nodiscard]] std::optional<partition_filter> filter_of(const stream_schema& stream,
                                                        const engine::partition_rule& rule,
                                                        const std::string& item_vars);

// The key of a parent of which all columns are given, as one text.
[[nodiscard]] std::string parent_key(const reference& to, const partition_filter::parent& p);

// True: an index that the stream declares begins with a column of the filter, so that the tenant need not be
// looked up first. To a planner without statistics both are equal.
[[nodiscard]] bool has_index(const stream_schema& stream, const partition_filter& filter);

}  // namespace sluice::store
