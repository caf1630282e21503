// What plugins may ask of the host, as the host implements it. The glue in host_binding.cpp turns one of
// these into the C tables that a plugin sees. Every function may be called from any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <sluice/abi/backend.h>

#include "observe/log.hpp"
#include "plugin/error.hpp"

namespace sluice::plugin {

enum class step_outcome : std::int32_t {
  ended = SLUICE_STEP_ENDED,
  yielded = SLUICE_STEP_YIELDED,
  fenced = SLUICE_STEP_FENCED,
  cancelled = SLUICE_STEP_CANCELLED,
};
using step_progress = std::function<void(std::string_view progress_json)>;
// Called exactly once.
using step_done = std::function<void(step_outcome outcome, std::string_view result_json)>;

class host_services {
 public:
  virtual ~host_services() = default;

  // A plugin's log line; `context.plugin` is set. Already rate-limited. Must not block or throw.
  virtual void log(observe::log_level level, const observe::log_context& context, std::string_view message,
                   std::string_view fields_json) noexcept = 0;
  // The value of a template with ${secret:…} or ${tenant.secrets…}. Throws error.
  virtual std::string expand_secret(std::string_view tenant, std::string_view text) = 0;
  virtual void metric_add(std::string_view plugin, std::string_view name, double delta) noexcept = 0;
  virtual void metric_set(std::string_view plugin, std::string_view name, double value) noexcept = 0;
  // Starts a step and returns. Throws error; then `done` won't be called.
  virtual void run_step(std::string_view run_id, std::string_view step_json, step_progress progress,
                        step_done done) = 0;
  virtual void run_ended(std::string_view run_id) = 0;  // throws error
  // Whether somebody looks at single requests; then `exchange` gets each of them: see abi/trace.h.
  [[nodiscard]] virtual bool traces() const noexcept { return false; }
  virtual void exchange(std::string_view /*exchange_json*/, std::string_view /*body*/) noexcept {}
};

}  // namespace sluice::plugin
