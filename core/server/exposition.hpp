// What Prometheus reads. Labels are names that manifests and the code have; never a tenant, a run, a user or an address.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "host/alert_book.hpp"
#include "host/counters.hpp"
#include "host/health_report.hpp"
#include "host/service.hpp"

namespace sluice::server {

// From the store, so the same from every host.
struct scraped {
  host::counters counted;
  host::open_runs_report open;
  struct alert {
    std::string pipeline, name, severity;
    bool firing = false;
  };
  std::vector<alert> alerts;
};
void add_alerts(std::vector<scraped::alert>& to, engine::session& session,
                const manifest::pipeline& pipeline);

// So that each series is there before its first event: what appears with a 1 has not risen, for Prometheus.
void preset(host::counters& counted, const std::vector<host::served_pipeline>& served);

[[nodiscard]] std::string exposition(const scraped& from_store, const host::host_state& state);

using families = std::vector<prometheus::MetricFamily>;
// A family to which samples are added.
prometheus::MetricFamily& add_family(families& to, const char* name, const char* help,
                                     prometheus::MetricType type);
void add_gauge(prometheus::MetricFamily& to, std::vector<prometheus::ClientMetric::Label> labels,
               double value);
// exposition_host.cpp: what the host knows of itself.
void add_host(families& to, const host::host_state& state);
void add_process(families& to);

}  // namespace sluice::server
