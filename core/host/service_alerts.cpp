// A serving host's part in the alerts.
#include "host/process.hpp"
#include "host/service.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

// On a thread of its own: who is told may take long to answer.
void service::look_at_alerts() {
  if (watching_.valid() && watching_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  std::vector<std::shared_ptr<const manifest::pipeline>> pipelines;
  for (const served_pipeline& p : this->pipelines()) {
    if (!p.pipeline->alerts.empty()) pipelines.push_back(p.pipeline);
  }
  if (pipelines.empty()) return;
  if (!alerts_) {
    const auto new_id = [this] {
      return observe::uuid_v7(clock_->now_us() / 1'000, random_.next(), random_.next());
    };
    alert_watch_setup setup{*store_, setup_.log, this_process().host + "/" + std::to_string(host_), new_id};
    // The redactor knows it from then on.
    setup.secret = [this](const manifest::pipeline& p, const std::string& text) {
      return secret_store(p.tenants, setup_.redactor).expand({}, text);
    };
    setup.stop = [this] { return leaving_.load(); };
    alerts_ = std::make_unique<alert_watch>(std::move(setup));
  }
  watching_ = std::async(std::launch::async, [this, pipelines] { alerts_->round(pipelines); });
}

}  // namespace sluice::host
