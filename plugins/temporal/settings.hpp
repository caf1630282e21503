// What a manifest says of a cluster, and the names that come of it.
#pragma once

#include <string>
#include <string_view>

#include <sluice/host.hpp>

namespace sluice::durable {

struct settings {
  std::string address, name_space, task_queue;
  bool tls = false;
  std::string ca_file, cert_file, key_file, server_name;
  std::string api_key;  // a template with a secret in it
};

// Throws failure (SLU-4801).
[[nodiscard]] settings parse_settings(std::string_view config_json);

// The names by which a process is known to a cluster. They are the same again after a restart: what waits on the queue of
// a host that died is done by the one that comes in its place.
class slot {
 public:
  // Of several processes on one machine each gets another one.
  explicit slot(const std::string& shared_queue);
  slot(const slot&) = delete;
  slot& operator=(const slot&) = delete;
  ~slot();

  [[nodiscard]] const std::string& shared() const noexcept { return shared_; }
  [[nodiscard]] const std::string& home() const noexcept {
    return home_;
  }  // the process's own queue, and its identity
  [[nodiscard]] std::string sticky() const { return home_ + "-sticky"; }

 private:
  std::string shared_, home_;
  int file_ = -1;
};

}  // namespace sluice::durable
