// What choosing a backend asks of a session, beside what it does for a run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::engine {

// How the newest run of a tenant and pipeline was routed.
struct last_routed {
  std::string run_id, backend, reason, plan;
  std::int64_t created_us = 0;
};

class routing_store {
 public:
  routing_store() = default;
  routing_store(const routing_store&) = delete;
  routing_store& operator=(const routing_store&) = delete;
  virtual ~routing_store() = default;

  // Live rows of the tenant; with a column, a text, those that hold this value there. 0 for a stream that no plugin
  // has declared yet.
  [[nodiscard]] virtual std::int64_t count_rows(const std::string& tenant, const std::string& stream,
                                                const std::string& column, const std::string& value) = 0;
  [[nodiscard]] virtual std::optional<last_routed> last_route(const std::string& tenant,
                                                              const std::string& pipeline) = 0;
  // An open run goes to another backend, or waits for its own: says so with the run. Throws fenced unless the lease is
  // with that run and epoch.
  virtual void reroute(const std::string& run_id, std::int64_t epoch, const std::string& backend,
                       const std::string& reason) = 0;
};

}  // namespace sluice::engine
