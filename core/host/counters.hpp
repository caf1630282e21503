// What has ever ended, counted: numbers that only grow, the same whichever host is asked, whatever was restarted,
// removed or erased meanwhile. They are kept in a note of the store; whoever asks brings them up to date.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/store.hpp"

namespace sluice::host {

// Upper bounds of durations, in seconds.
inline constexpr std::array<double, 13> duration_bounds{0.05, 0.1, 0.25, 0.5, 1,   2,   3,
                                                        5,    10,  30,   60,  300, 1800};

struct counted_duration {
  std::int64_t sum_us = 0;
  std::array<std::int64_t, duration_bounds.size() + 1>
      counts{};  // not cumulative; the last: above all bounds
  void add(std::int64_t us);
  [[nodiscard]] std::int64_t count() const;
};

// Each row that was read has one of these.
inline constexpr std::pair<const char*, std::int64_t engine::row_counts::*> row_outcomes[] = {
    {"inserted", &engine::row_counts::inserted},   {"updated", &engine::row_counts::updated},
    {"unchanged", &engine::row_counts::unchanged}, {"deleted", &engine::row_counts::deleted},
    {"deferred", &engine::row_counts::deferred},   {"rejected", &engine::row_counts::rejected}};

struct counters {
  using key = std::vector<std::string>;
  std::map<key, std::int64_t> runs;               // pipeline, backend, state
  std::map<key, std::int64_t> failed_runs;        // pipeline, backend: see figures::failed
  std::map<key, std::int64_t> domain_runs;        // pipeline, domain: in which it was read
  std::map<key, std::int64_t> domain_failures;    // pipeline, domain
  std::map<key, std::int64_t> requests, retries;  // pipeline, domain
  std::map<key, std::int64_t> rows;    // pipeline, domain, outcome: what became of those that were read
  std::map<key, std::int64_t> errors;  // pipeline, code
  std::map<key, counted_duration> durations;  // pipeline, backend, phase or "whole"
  std::int64_t until_us = 0;                  // what ended before is in
  bool behind = false;                        // there is more than could be counted at once

  void add(const engine::ended_run& run);
};

// Brings the note up to what ended `lag_us` ago: a run that is being ended may say so a moment later than it did. Throws
// engine::failure.
[[nodiscard]] counters count_up(engine::session& session, std::int64_t lag_us = 5'000'000);

[[nodiscard]] std::string to_text(const counters& c);
[[nodiscard]] counters counters_from(const std::string& text);  // of a note; empty text: nothing yet

}  // namespace sluice::host
