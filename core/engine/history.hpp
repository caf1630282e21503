// The past as a store tells it, for statistics, alerts and advice; and notes that its hosts share.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/types.hpp"

namespace sluice::engine {

// A run that is over, with its stages: what statistics, alerts and advice are made of. It is there as long as runs
// are kept, whatever has become of its pages.
struct ended_stage {
  std::string stage;  // "entry.read"
  enum phase phase = phase::background;
  stage_state state = stage_state::pending;
  std::int64_t started_us = 0, ended_us = 0;
  // What the process that ended it has asked of the source; of these, what it asked again after an error.
  std::int64_t requests = 0, retries = 0;
  std::string error_code;
  row_counts rows;  // of all its streams, where they were asked for and the ledger still has them
};
struct ended_run {
  std::string run_id, tenant, pipeline, scope, backend, mode;
  run_state state = run_state::succeeded;
  std::int64_t created_us = 0, ended_us = 0;
  std::int64_t essential_us = 0;  // when all that is essential was over; 0: it was not, or there is nothing
  std::string error_code;
  std::vector<ended_stage> stages;  // by name
};
struct history_filter {
  std::string tenant, pipeline, backend;                                       // empty = any
  std::int64_t from_us = 0, to_us = std::numeric_limits<std::int64_t>::max();  // from <= when it ended < to
  bool oldest_first = false;                                                   // by when they ended
  bool whole_tenants = false;  // without those of single subjects
  bool stages = true;          // false: without their stages
  bool rows = false;           // with what became of the rows of each stage
  int limit = 1'000;
};

// A short text that the hosts of one store share. Its version grows by one with each write; 0: there is none.
struct note {
  std::string text;
  std::int64_t version = 0;
};

}  // namespace sluice::engine
