#include "host/backend_check.hpp"

#include <condition_variable>
#include <mutex>

#include "host/run_parts.hpp"
#include "plugin/backend_instance.hpp"

namespace sluice::host {

namespace {

// A host without steps and without runs: a backend can do nothing but look around.
class listener final : public plain_services {
 public:
  using plain_services::plain_services;

  void log(observe::log_level level, const observe::log_context&, std::string_view message,
           std::string_view) noexcept override {
    if (level == observe::log_level::debug) return;
    const std::lock_guard lock(mutex_);
    said_.emplace_back(message);
    news_.notify_all();
  }
  // Until it says something, or for a moment.
  void wait() {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, std::chrono::milliseconds(50));
  }
  [[nodiscard]] std::vector<std::string> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> said_;
};

}  // namespace

std::vector<backend_report> check_backends(const manifest::pipeline& pipeline, plugin::loader& loader,
                                           observe::logger& log, const secret_store& secrets,
                                           std::chrono::milliseconds at_most) {
  std::vector<backend_report> out;
  for (const manifest::backend& b : pipeline.backends) {
    backend_report& report = out.emplace_back(backend_report{b.name, b.uses, false, {}, {}, {}});
    listener services(log, secrets);
    plugin::backend_instance backend(loader.open(plugin::component_kind::backend, b.uses), services,
                                     b.config);
    const auto until = std::chrono::steady_clock::now() + at_most;
    for (auto why = backend.health();; why = backend.health()) {
      report.takes_runs = !why;
      report.code = why ? why->code() : "";
      report.why = why ? why->message() : "";
      if (!why || std::chrono::steady_clock::now() >= until) break;
      services.wait();
    }
    report.said = services.said();
  }
  return out;
}

}  // namespace sluice::host
