// The life of a pipeline in this process, and what its plugins ask of the host.
#include "host/runtime.hpp"

#include <algorithm>

namespace sluice::host {

runtime::runtime(runtime_setup setup)
    : plain_services(setup.log, setup.secrets),
      setup_(setup),
      work_(boost::asio::make_work_guard(context_)),
      own_pool_(setup.shared == nullptr ? std::make_unique<turn_pool>(decoding_threads()) : nullptr),
      pool_(setup.shared == nullptr ? *own_pool_ : setup.shared->pool),
      clock_(setup_.store.now_us()),
      own_store_(setup.shared == nullptr ? std::make_unique<store::threaded_store>(setup.store) : nullptr),
      store_(setup.shared == nullptr ? *own_store_ : setup.shared->jobs),
      questions_(setup.shared == nullptr ? nullptr
                                         : std::make_unique<store::session_pool>(
                                               setup_.store, std::clamp(setup_.store.writers(), 1, 4))),
      own_backend_health_(setup.shared == nullptr ? std::make_unique<backend_health>(clock_) : nullptr),
      backend_health_(setup.shared == nullptr ? *own_backend_health_ : setup.shared->backends) {
  reader_ = std::make_unique<reader>(
      reader_setup{setup_.pipeline, setup_.catalog, setup_.loader, *this, context_.get_executor(), pool_,
                   clock_, setup_.shared == nullptr ? nullptr : &setup_.shared->health});
  engine_ = std::thread([this] { context_.run(); });
  try {
    open_backends();
    // Last: a plugin that can't be used leaves no tables behind.
    make_tables(setup_.pipeline, setup_.catalog, setup_.store, setup_.log, observe::log_level::info);
    // Where a host serves, backends may bring it runs from now on; those that are open are looked for by the service.
    if (setup_.shared != nullptr) {
      for (const auto& [name, backend] : backends_) backend->reconcile(R"({"runs": []})");
    }
  } catch (...) {
    backends_.clear();
    work_.reset();
    engine_.join();
    throw;
  }
}

runtime::~runtime() {
  leave();
  empty_outbox();
  backends_.clear();  // each waits for its steps
  backend_health_.forget(setup_.pipeline.name);
  work_.reset();
  engine_.join();
}

void runtime::open_backends() {
  for (const manifest::backend& b : setup_.pipeline.backends) {
    const auto component = setup_.loader.open(plugin::component_kind::backend, b.uses);
    auto& port = ports_[b.name];
    port = std::make_unique<backend_port>(*this, b.name, setup_.log, setup_.secrets);
    backends_[b.name] = std::make_unique<plugin::backend_instance>(component, *port, b.config);
  }
}

std::shared_ptr<runtime::active_run> runtime::find(std::string_view run_id) {
  const std::lock_guard lock(mutex_);
  const auto at = active_.find(run_id);
  return at == active_.end() ? nullptr : at->second;
}

void runtime::metric_add(std::string_view plugin, std::string_view name, double delta) noexcept {
  // A command has nobody who would read them.
  if (setup_.shared != nullptr) setup_.shared->metrics.add(setup_.pipeline.name, plugin, name, delta);
}

void runtime::metric_set(std::string_view plugin, std::string_view name, double value) noexcept {
  if (setup_.shared != nullptr) setup_.shared->metrics.set(setup_.pipeline.name, plugin, name, value);
}

}  // namespace sluice::host
