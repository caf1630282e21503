// How a host and what it serves are, and why: what a person looks at first.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/store.hpp"
#include "host/backend_health.hpp"
#include "host/plugin_metrics.hpp"

namespace sluice::host {

// What the host knows by itself.
struct host_state {
  int active = 0, queued = 0;  // runs under way and in its queue
  std::uint64_t begun = 0;     // that it has ever let in
  std::int64_t waited_us = 0;  // in its queue, all of them together
  struct source {
    std::string pipeline, name;
    bool sick = false;  // fails or is slow, as far as this host has seen
  };
  std::vector<source> sources;
  std::map<std::string, std::string> stale;      // manifests that could not be read again, with the reason
  std::vector<backend_standing> away;            // backends that take no runs
  std::vector<plugin_metrics::entry> plugins;    // what they count and measure here
  std::int64_t certificate_ends_s = 0;           // of what it listens with; 0: nothing
  std::map<std::string, std::uint64_t> refused;  // requests, by code
};

// Open runs of the store and those that wait for a person, at most a thousand of each state; of one tenant when it is
// named.
struct open_runs_report {
  std::int64_t running = 0, queued = 0;
  std::vector<engine::run_row> stuck;
  std::vector<engine::run_row> held;  // that wait for a person, see held_runs.hpp
};
[[nodiscard]] open_runs_report look_at_open_runs(engine::session& session, const std::string& tenant);

// `alerts`: those that fire, as JSON objects with `severity` and `text`. `host` null: the caller sees one tenant only.
[[nodiscard]] nlohmann::json health_report(const open_runs_report& open, const nlohmann::json& alerts,
                                           const host_state* host);

}  // namespace sluice::host
