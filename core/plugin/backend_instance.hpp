// One instance of a backend: sequences the steps of runs. Its functions may be called from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "plugin/host_services.hpp"
#include "plugin/loader.hpp"

namespace sluice::plugin {

class backend_instance {
 public:
  // Throws error.
  backend_instance(const loaded_component& backend, host_services& host, std::string_view config_json);
  // Waits until no step of it is under way.
  ~backend_instance();
  backend_instance(const backend_instance&) = delete;
  backend_instance& operator=(const backend_instance&) = delete;

  void start(std::string_view run_id, std::string_view plan_json);  // throws error
  void cancel(std::string_view run_id);                             // throws error
  void reconcile(std::string_view runs_json);                       // throws error
  // Empty: it takes runs; else why not.
  [[nodiscard]] std::optional<error> health();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::plugin
