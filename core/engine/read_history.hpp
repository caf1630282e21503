// What has been read before, and since when it is true: what the plan of the next run depends on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::engine {

struct watermark_row {
  std::string stage, mapping;
  std::int64_t value_us = 0;
  std::int64_t full_us = 0;  // when the last full read began
};
// The last complete attempt at a stage, of the same tenant, pipeline and scope.
struct freshness_row {
  std::string stage, manifest_hash;
  std::int64_t started_us = 0;
};

// What of it somebody needs.
struct history_use {
  bool watermarks = false, fresh = false;
};
// Of a tenant, pipeline and scope.
struct read_history {
  std::vector<watermark_row> watermarks;
  std::vector<freshness_row> fresh;
  std::int64_t now_us = 0;
};

}  // namespace sluice::engine
