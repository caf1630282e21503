// The history of a window as one answer: rates, durations and errors, in all and by pipeline, backend, domain, phase
// and tenant.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/store.hpp"

namespace sluice::host {

struct metrics_ask {
  std::string tenant, pipeline, backend;  // empty = any
  std::int64_t window_us = 900'000'000;   // back from now
  int tenants = 50;        // so many of them are listed: those with most failures, then with most runs
  int parts = 0;           // the window over time, in so many parts; 0: not
  int most_runs = 20'000;  // the newest that are looked at
};

// Throws engine::failure.
[[nodiscard]] nlohmann::json metrics_report(engine::session& session, const metrics_ask& ask);

}  // namespace sluice::host
