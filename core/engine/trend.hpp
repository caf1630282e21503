// How runs went over time: what charts are made of. Stores count, so that nobody reads all runs for it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/types.hpp"

namespace sluice::engine {

struct trend_ask {
  std::string tenant, pipeline, backend;  // empty = any
  std::int64_t from_us = 0, to_us = 0;    // from <= when a run ended < to
  int parts = 1;                          // of the same length
};

// Of the runs that ended in a part: 50, 95 and 99 %, by nearest rank.
struct trend_times {
  std::int64_t count = 0;
  std::array<std::int64_t, 3> us{};
  friend bool operator==(const trend_times&, const trend_times&) = default;
};
struct trend_part {
  std::int64_t succeeded = 0, partial = 0, failed = 0, cancelled = 0;  // held ones count as partial
  trend_times essential, whole;
  friend bool operator==(const trend_part&, const trend_part&) = default;
};
struct trend {
  trend_part all;
  std::vector<trend_part> parts;
};

// Of runs one by one, in any order: for stores that can't count so by themselves.
class trend_builder {
 public:
  explicit trend_builder(const trend_ask& ask) : ask_(ask), parts_(static_cast<std::size_t>(ask.parts)) {}
  void add(run_state state, std::int64_t created_us, std::int64_t essential_us, std::int64_t ended_us);
  [[nodiscard]] trend finish();

 private:
  struct times {
    trend_part counts;
    std::vector<std::int64_t> essential, whole;
  };
  [[nodiscard]] static trend_part finish(times& of);

  trend_ask ask_;
  times all_;
  std::vector<times> parts_;
};

}  // namespace sluice::engine
