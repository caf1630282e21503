// Which backends take runs at the moment, as far as this host has seen. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports.hpp"
#include "plugin/error.hpp"

namespace sluice::host {

struct backend_standing {
  std::string pipeline, backend, code, why;
  std::int64_t since_us = 0;  // by the store's clock
};

class backend_health {
 public:
  explicit backend_health(engine::clock_port& clock) : clock_(clock) {}

  // Called when a backend takes runs again, without a lock.
  void on_recovery(std::function<void()> tell);
  // What a look at one has shown. For how long it has taken none; nothing: it takes them.
  std::optional<std::int64_t> note(const std::string& pipeline, const std::string& backend,
                                   const std::optional<plugin::error>& why_not);
  [[nodiscard]] bool away(const std::string& name) const;  // a backend_name
  [[nodiscard]] std::vector<backend_standing> all_away() const;
  // Of a pipeline that is not served any more.
  void forget(const std::string& pipeline);

 private:
  engine::clock_port& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, std::pair<backend_standing, std::int64_t>> away_;  // with the steady instant
  std::function<void()> tell_;
};

// Its name among the sources and backends of all pipelines.
[[nodiscard]] inline std::string backend_name(const std::string& pipeline, const std::string& backend) {
  return "backend " + pipeline + "/" + backend;
}

}  // namespace sluice::host
