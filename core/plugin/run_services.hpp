// What a host has beside host_services when it holds runs: see sluice/abi/runs.h. A host that is none of these has no such
// service. Every function may be called from any thread; they throw error.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sluice::plugin {

class run_services {
 public:
  using told = std::function<void(std::string_view told_json)>;

  virtual ~run_services() = default;
  [[nodiscard]] virtual const std::string& pipeline_name() const noexcept = 0;
  // "running", or the terminal state that the run has come to.
  [[nodiscard]] virtual std::string adopt(std::string_view run_id) = 0;
  virtual void stop_run(std::string_view run_id) = 0;
  // Calls `on_end` exactly once, unless it throws.
  virtual void finish_run(std::string_view run_id, told on_end) = 0;
};

}  // namespace sluice::plugin
