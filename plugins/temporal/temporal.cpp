// The backend `temporal`: a worker of a cluster, as a host sees it.
#include <memory>

#include <nlohmann/json.hpp>

#include "sluice_plugin.hpp"
#include "temporal/codes.hpp"
#include "temporal/look.hpp"
#include "temporal/worker.hpp"

namespace {

// A template with a secret, for no tenant.
std::string expand(const sluice::host_ref& host, const std::string& text) {
  if (text.empty()) return text;
  return std::string(host.expand(sluice::call(nullptr), text).value());
}

class temporal_backend final : public sluice::backend {
 public:
  explicit temporal_backend(const sluice::setup& s) : to_(sluice::durable::parse_settings(s.config_json)) {
    auto by = sluice::durable::make_grpc_transport(to_, expand(s.host, to_.api_key));
    if (s.host.service<sluice_runs_v1>(SLUICE_RUNS_1) == nullptr) {
      look_ = std::make_unique<sluice::durable::look>(s.host, to_, std::move(by));
    } else {
      worker_ = std::make_unique<sluice::durable::worker>(s.host, to_, std::move(by));
    }
  }

  void start(std::string_view run_id, std::string_view plan_json) override {
    worker().start(std::string(run_id), std::string(plan_json));
  }
  void cancel(std::string_view run_id) override { worker().cancel(std::string(run_id)); }
  void reconcile(std::string_view runs_json) override {
    worker().poll();  // a host that serves takes work that others have begun
    const auto json = nlohmann::json::parse(runs_json);
    for (const auto& p : json.at("runs")) start(p.at("run_id").get<std::string>(), p.dump());
  }
  void health() override {
    if (look_) return look_->check();
    worker().check();
  }

 private:
  sluice::durable::worker& worker() {
    if (worker_) return *worker_;
    throw sluice::failure(sluice::status::unsupported, sluice::durable::codes::bad_config,
                          "this host holds no runs: it can look at a cluster, and do nothing for it");
  }

  sluice::durable::settings to_;
  // One of them: a host without runs looks.
  std::unique_ptr<sluice::durable::look> look_;
  std::unique_ptr<sluice::durable::worker> worker_;
};

}  // namespace

SLUICE_PLUGIN(sluice::backend_of<temporal_backend, components::temporal>)
