#include "plugin/backend_instance.hpp"

#include <string>

#include "plugin/guard.hpp"
#include "plugin/host_binding.hpp"

namespace sluice::plugin {

struct backend_instance::state {
  state(const loaded_component& backend, host_services& services)
      : table(static_cast<const sluice_backend_v1*>(backend.table)),
        who("backend `" + backend.item->name + "` of plugin " + backend.plugin->meta.name + " " +
            backend.plugin->meta.version),
        host(services, backend.plugin->meta.name) {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (made) table->destroy(self);
  }

  const sluice_backend_v1* table;
  std::string who;
  host_binding host;
  void* self = nullptr;  // a plugin without state may leave it
  bool made = false;     // what failed to be made is not destroyed
};

backend_instance::backend_instance(const loaded_component& backend, host_services& host,
                                   std::string_view config_json)
    : state_(std::make_unique<state>(backend, host)) {
  call_plugin(state_->who + ": create", [&](sluice_error* e) {
    return state_->table->create(state_->host.abi(), to_abi(config_json), &state_->self, e);
  });
  state_->made = true;
}

backend_instance::~backend_instance() = default;

void backend_instance::start(std::string_view run_id, std::string_view plan_json) {
  call_plugin(state_->who + ": start", [&](sluice_error* e) {
    return state_->table->start(state_->self, to_abi(run_id), to_abi(plan_json), e);
  });
}

void backend_instance::cancel(std::string_view run_id) {
  call_plugin(state_->who + ": cancel",
              [&](sluice_error* e) { return state_->table->cancel(state_->self, to_abi(run_id), e); });
}

void backend_instance::reconcile(std::string_view runs_json) {
  call_plugin(state_->who + ": reconcile",
              [&](sluice_error* e) { return state_->table->reconcile(state_->self, to_abi(runs_json), e); });
}

std::optional<error> backend_instance::health() {
  try {
    call_plugin(state_->who + ": health",
                [&](sluice_error* e) { return state_->table->health(state_->self, e); });
    return std::nullopt;
  } catch (const error& e) {
    return e;
  }
}

}  // namespace sluice::plugin
