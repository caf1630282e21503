// The host file: what belongs to the machine and not to a pipeline.
//
//   plugins: [/usr/lib/sluice/plugins]     # absolute, or relative to the file
//   lock: /etc/sluice/sluice.lock          # only what it pins is loaded
//   log: { level: info }
//   lease: 30s                            # how long others wait before they take a run over that stands still
//   manifests: manifests                   # what `serve` serves: the .yaml files of a folder
//   limits: { active_runs: 64, queued_runs: 1000, essential_reserved: 25%, tenant_share: 50%, sick_share: 25%,
//             queue_wait: 10s, tenant_starts: 50/s, tenant_at_once: 1000 }      # who runs, waits or is sent away
//   listen:                                # the HTTP API of `serve`; without: none
//     address: "127.0.0.1:7464"            # elsewhere only with tls
//     connections: 1024
//     tls: { certificate: host.pem, key: host.key }
//     socket: /run/sluice/admin.sock       # for root and the host's user, without a token
//     socket_group: sluice-admin           # and for who is in this group
//     wrong_tokens: 10/m                 # from one address, before they are not looked at any more
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

// In PEM: the certificate with those that lead to its authority, and the key.
struct tls_files {
  std::filesystem::path certificate, key;
};

// Where `serve` has its HTTP API.
struct listen_settings {
  std::string address;  // HOST:PORT with a literal address; empty: nowhere. Port 0: any
  int connections = 1'024;
  std::optional<tls_files> tls;
  std::filesystem::path socket;                // in the file system; empty: none
  std::string socket_group;                    // who may open it besides; empty: nobody
  double wrong_tokens_per_second = 10.0 / 60;  // from one address; 0: as many as they like

  [[nodiscard]] bool anywhere() const { return !address.empty() || !socket.empty(); }
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
