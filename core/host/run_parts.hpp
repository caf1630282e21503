// What every run of this process needs, whoever drives it.
#pragma once

#include <string>

#include "engine/run.hpp"
#include "host/secrets.hpp"
#include "manifest/model.hpp"
#include "observe/log.hpp"
#include "plugin/catalog.hpp"
#include "plugin/host_services.hpp"
#include "store/store.hpp"

namespace sluice::host {

// A run of its own, held by this process. An empty correlation id is made up.
[[nodiscard]] engine::run_request new_request(std::string tenant, std::string pipeline, std::string scope,
                                              std::string correlation_id, std::int64_t now_us,
                                              engine::random_port& random);

// Makes the tables of the pipeline's streams, or widens them, and logs what it did. Throws engine::failure.
void make_tables(const manifest::pipeline& pipeline, const plugin::catalog& catalog, store::store& store,
                 observe::logger& log, observe::log_level level);

// Logs what a run waits for, and that it goes on. The logger must outlive the run.
// A stage that has failed for good: the one line that says so.
void log_failed_stage(observe::logger& log, const engine::run_identity& id, const std::string& stage,
                      std::int64_t pages, const engine::failure& why);
[[nodiscard]] engine::wait_fn log_waits(observe::logger& log, const engine::run_identity& id);

// What plugins ask of a host; here without a place for metrics, and without steps: nothing is sequenced.
class plain_services : public plugin::host_services {
 public:
  plain_services(observe::logger& log, const secret_store& secrets) : log_(log), secrets_(secrets) {}
  void log(observe::log_level level, const observe::log_context& context, std::string_view message,
           std::string_view fields_json) noexcept override;
  std::string expand_secret(std::string_view tenant, std::string_view text) override;
  void metric_add(std::string_view plugin, std::string_view name, double delta) noexcept override;
  void metric_set(std::string_view plugin, std::string_view name, double value) noexcept override;
  void run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                plugin::step_done done) override;
  void run_ended(std::string_view run_id) override;

 private:
  observe::logger& log_;
  const secret_store& secrets_;
};

}  // namespace sluice::host
