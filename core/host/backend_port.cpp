#include "host/backend_port.hpp"

#include <utility>

#include "host/runtime.hpp"

namespace sluice::host {

void backend_port::metric_add(std::string_view plugin, std::string_view name, double delta) noexcept {
  host_.metric_add(plugin, name, delta);
}

void backend_port::metric_set(std::string_view plugin, std::string_view name, double value) noexcept {
  host_.metric_set(plugin, name, value);
}

void backend_port::run_step(std::string_view run_id, std::string_view step_json,
                            plugin::step_progress progress, plugin::step_done done) {
  host_.begin_by(run_id, backend_);
  host_.run_step(run_id, step_json, std::move(progress), std::move(done));
}

void backend_port::run_ended(std::string_view run_id) {
  host_.begin_by(run_id, backend_);
  host_.run_ended(run_id);
}

const std::string& backend_port::pipeline_name() const noexcept { return host_.pipeline_name(); }

std::string backend_port::adopt(std::string_view run_id) { return host_.adopt_for(run_id, backend_); }

void backend_port::stop_run(std::string_view run_id) {
  host_.begin_by(run_id, backend_);
  host_.stop_run(run_id);
}

void backend_port::finish_run(std::string_view run_id, told on_end) {
  host_.begin_by(run_id, backend_);
  host_.finish_run(run_id, std::move(on_end));
}

}  // namespace sluice::host
