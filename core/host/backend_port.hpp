// The host as one backend sees it: what it asks about a run that is not its own, or is not any more, is refused.
#pragma once

#include <string>

#include "host/run_parts.hpp"
#include "plugin/run_services.hpp"

namespace sluice::host {

class runtime;

class backend_port final : public plain_services, public plugin::run_services {
 public:
  backend_port(runtime& host, std::string backend, observe::logger& log, const secret_store& secrets)
      : plain_services(log, secrets), host_(host), backend_(std::move(backend)) {}

  void metric_add(std::string_view plugin, std::string_view name, double delta) noexcept override;
  void metric_set(std::string_view plugin, std::string_view name, double value) noexcept override;
  void run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                plugin::step_done done) override;
  void run_ended(std::string_view run_id) override;
  [[nodiscard]] const std::string& pipeline_name() const noexcept override;
  [[nodiscard]] std::string adopt(std::string_view run_id) override;
  void stop_run(std::string_view run_id) override;
  void finish_run(std::string_view run_id, told on_end) override;

 private:
  runtime& host_;
  std::string backend_;
};

}  // namespace sluice::host
