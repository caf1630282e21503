// The host file: what belongs to the machine and not to a pipeline.
//
//   plugins: [/usr/lib/sluice/plugins]     # absolute, or relative to the file
//   lock: /etc/sluice/sluice.lock          # only what it pins is loaded
//   log: { level: info }
//   lease: 30s                            # how long others wait before they take a run over that stands still
//   manifests: manifests                   # what `serve` serves: the .yaml files of a folder
//   limits: { active_runs: 64, queued_runs: 1000 }
//   listen: { address: "127.0.0.1:7464", connections: 1024 }   # the HTTP API of `serve`; without: none
//   retention: { runs: 90d, ledger: 30d, rejects: 30d, tombstones: 90d }
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/admission.hpp"
#include "host/retention.hpp"
#include "observe/log.hpp"

namespace sluice::host {

// Where `serve` has its HTTP API.
struct listen_settings {
  std::string address;  // HOST:PORT with a literal address; empty: nowhere. Port 0: any
  int connections = 1'024;
};

struct settings {
  std::vector<std::filesystem::path> plugin_folders;
  std::optional<std::filesystem::path> lock;
  observe::log_level log_level = observe::log_level::info;
  std::int64_t lease_us = 30'000'000;
  std::optional<std::filesystem::path> manifests;
  admission_limits limits;
  listen_settings listen;
  retention_ages retention;
};

// Without a host file: the plugins beside the program, where the build and the package put them.
[[nodiscard]] settings default_settings();
// Throws plugin::error with one line for the first thing that is wrong: file, line and what to do.
[[nodiscard]] settings read_settings(const std::filesystem::path& file);

}  // namespace sluice::host
