// Progress of a run on standard error: bars on a terminal, lines of the log elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/ports.hpp"
#include "observe/log.hpp"

namespace sluice::cli {

// How many batches' worth of updates a terminal gets is bounded by time, that of a log by stages.
class progress_view {
 public:
  // Draws for the run from now on; `terminal` false writes to the log, which outlives this.
  progress_view(bool terminal, observe::logger& log);

  // Any thread. `correlation_id` and `scope` are those of the run; scope: "" is the tenant, "subject" one of it.
  // Without a correlation id lines have the log's own.
  void update(const engine::progress& p, const std::string& correlation_id = {}, const std::string& scope = {});
  // Draws the last state and leaves the cursor below it.
  void finish();

 private:
  void draw_bars();
  void write_line(const engine::progress& p, const std::string& correlation_id, const std::string& scope);

  bool terminal_;
  observe::logger& log_;
  std::mutex mutex_;
  std::vector<std::string> order_;
  std::map<std::string, engine::progress> stages_;
  std::int64_t last_drawn_us_ = 0;
  std::size_t lines_drawn_ = 0;
};

}  // namespace sluice::cli
