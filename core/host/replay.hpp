// Records that were refused, brought again through today's mapping and plugins.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/local_run.hpp"

namespace sluice::host {

struct replay_ask {
  std::string tenant;
  std::string run_id;  // only its rejects; empty: those of all runs
  engine::progress_fn on_progress;
  std::function<bool()> cancelled;
};

struct left_reject {
  std::int64_t id = 0;
  std::string run_id, stage, stream, key, why;
};

struct replay_result {
  engine::run_row run;             // no id: there was nothing to bring again
  std::int64_t rejects = 0;        // met
  std::int64_t taken = 0;          // brought again, and accepted
  std::int64_t refused_again = 0;  // with the reason of today
  std::int64_t stale = 0;          // something later is stored: of those taken
  std::int64_t children = 0;       // reads that hang on the records and are left to the next run
  std::vector<left_reject> left;   // as they were, and why
};

// Throws engine::failure; transient while another process does the same.
[[nodiscard]] replay_result replay_rejects(local_host& host, const manifest::pipeline& pipeline,
                                           const replay_ask& ask);

}  // namespace sluice::host
