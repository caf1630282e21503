// The backend `temporal`: a worker of a cluster, as a host sees it.
#include <nlohmann/json.hpp>

#include "sluice_plugin.hpp"
#include "temporal/worker.hpp"

namespace {

// A template with a secret, for no tenant.
std::string expand(const sluice::host_ref& host, const std::string& text) {
  if (text.empty()) return text;
  return std::string(host.expand(sluice::call(nullptr), text).value());
}

class temporal_backend final : public sluice::backend {
 public:
  explicit temporal_backend(const sluice::setup& s)
      : to_(sluice::durable::parse_settings(s.config_json)),
        worker_(s.host, to_, sluice::durable::make_grpc_transport(to_, expand(s.host, to_.api_key))) {}

  void start(std::string_view run_id, std::string_view plan_json) override {
    worker_.start(std::string(run_id), std::string(plan_json));
  }
  void cancel(std::string_view run_id) override { worker_.cancel(std::string(run_id)); }
  void reconcile(std::string_view runs_json) override {
    worker_.poll();  // a host that serves takes work that others have begun
    const auto json = nlohmann::json::parse(runs_json);
    for (const auto& p : json.at("runs")) start(p.at("run_id").get<std::string>(), p.dump());
  }
  void health() override { worker_.check(); }

 private:
  sluice::durable::settings to_;
  sluice::durable::worker worker_;
};

}  // namespace

SLUICE_PLUGIN(sluice::backend_of<temporal_backend, components::temporal>)
