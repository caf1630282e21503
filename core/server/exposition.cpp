#include "server/exposition.hpp"

#include <limits>

#include <prometheus/text_serializer.h>

namespace sluice::server {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

using key = host::counters::key;
using label_list = std::vector<const char*>;

std::vector<ClientMetric::Label> labels_of(const label_list& label_names, const key& values) {
  std::vector<ClientMetric::Label> out;
  for (std::size_t i = 0; i < label_names.size(); ++i) out.push_back({label_names[i], values.at(i)});
  return out;
}

void add_counters(families& to, const char* name, const char* help, const label_list& label_names,
                  const std::map<key, std::int64_t>& from) {
  MetricFamily& family = add_family(to, name, help, MetricType::Counter);
  for (const auto& [values, n] : from) {
    ClientMetric& m = family.metric.emplace_back();
    m.label = labels_of(label_names, values);
    m.counter.value = static_cast<double>(n);
  }
}

void add_durations(families& to, const std::map<key, host::counted_duration>& from) {
  MetricFamily& family = add_family(
      to, "sluice_run_duration_seconds",
      "How long ended runs took, and their phases: from when the run was made, or the phase before was over",
      MetricType::Histogram);
  for (const auto& [values, d] : from) {
    ClientMetric& m = family.metric.emplace_back();
    m.label = labels_of({"pipeline", "backend", "phase"}, values);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < d.counts.size(); ++i) {
      below += static_cast<std::uint64_t>(d.counts[i]);
      const bool last = i == host::duration_bounds.size();
      m.histogram.bucket.push_back(
          {below, last ? std::numeric_limits<double>::infinity() : host::duration_bounds[i]});
    }
    m.histogram.sample_count = below;
    m.histogram.sample_sum = static_cast<double>(d.sum_us) / 1e6;
  }
}

void add_counted(families& to, const host::counters& c) {
  add_counters(to, "sluice_runs_total", "Runs that have ended, by how", {"pipeline", "backend", "state"},
               c.runs);
  add_counters(to, "sluice_failed_runs_total", "Runs that failed, or a stage of which did",
               {"pipeline", "backend"}, c.failed_runs);
  add_counters(to, "sluice_domain_runs_total", "Runs that have read a domain", {"pipeline", "domain"},
               c.domain_runs);
  add_counters(to, "sluice_domain_failures_total", "Runs in which a stage of a domain failed",
               {"pipeline", "domain"}, c.domain_failures);
  add_counters(to, "sluice_upstream_requests_total", "Requests that ended stages have sent to upstreams",
               {"pipeline", "domain"}, c.requests);
  add_counters(to, "sluice_upstream_retries_total", "Of these, those that were sent again after an error",
               {"pipeline", "domain"}, c.retries);
  add_counters(to, "sluice_rows_total", "Rows that ended runs have read, by what became of them",
               {"pipeline", "domain", "outcome"}, c.rows);
  add_counters(to, "sluice_errors_total", "Error codes of ended runs and their stages, each once a run",
               {"pipeline", "code"}, c.errors);
  add_durations(to, c.durations);
}

void add_cases(families& to, const scraped& from, const char* name, const char* help,
               const std::vector<engine::run_row>& runs) {
  std::map<std::string, double> cases;
  for (const auto& [labels, unused] : from.counted.failed_runs) cases.try_emplace(labels.front());
  for (const engine::run_row& run : runs) ++cases[run.pipeline];
  MetricFamily& family = add_family(to, name, help, MetricType::Gauge);
  for (const auto& [pipeline, n] : cases) add_gauge(family, {{"pipeline", pipeline}}, n);
}

// Entries that a pipeline reads, and the phases that it has.
void preset_one(host::counters& c, const manifest::pipeline& p) {
  for (const manifest::backend& b : p.backends) {
    for (const char* state : {"succeeded", "partial", "held", "failed", "cancelled"})
      c.runs.try_emplace({p.name, b.name, state});
    c.failed_runs.try_emplace({p.name, b.name});
    if (!p.essential.items.empty()) c.durations.try_emplace({p.name, b.name, "essential"});
    c.durations.try_emplace({p.name, b.name, "whole"});
    if (!p.background.items.empty()) c.durations.try_emplace({p.name, b.name, "background"});
  }
  for (const manifest::domain& d : p.domains) {
    for (auto* family : {&c.domain_runs, &c.domain_failures, &c.requests, &c.retries})
      family->try_emplace({p.name, d.name});
    for (const auto& [outcome, counter] : host::row_outcomes) c.rows.try_emplace({p.name, d.name, outcome});
  }
}

}  // namespace

MetricFamily& add_family(families& to, const char* name, const char* help, MetricType type) {
  MetricFamily& out = to.emplace_back();
  out.name = name;
  out.help = help;
  out.type = type;
  return out;
}

void add_gauge(MetricFamily& to, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric& m = to.metric.emplace_back();
  m.label = std::move(labels);
  m.gauge.value = value;
}

void add_alerts(std::vector<scraped::alert>& to, engine::session& session,
                const manifest::pipeline& pipeline) {
  if (pipeline.alerts.empty()) return;
  const host::alert_book book = host::read_alert_book(session, pipeline.name);
  const auto names = host::alert_names(pipeline);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto known = book.alerts.find(names[i]);
    to.push_back({pipeline.name, names[i], pipeline.alerts[i].severity,
                  known != book.alerts.end() && known->second.firing});
  }
}

void preset(host::counters& counted, const std::vector<host::served_pipeline>& served) {
  for (const host::served_pipeline& p : served) preset_one(counted, *p.pipeline);
}

std::string exposition(const scraped& from_store, const host::host_state& state) {
  families all;
  // Half a count would be taken for a reset, and the other half for a rise.
  if (!from_store.counted.behind) add_counted(all, from_store.counted);
  MetricFamily& open =
      add_family(all, "sluice_open_runs", "Runs that are open, on any host", MetricType::Gauge);
  add_gauge(open, {{"state", "running"}}, static_cast<double>(from_store.open.running));
  add_gauge(open, {{"state", "queued"}}, static_cast<double>(from_store.open.queued));
  add_cases(all, from_store, "sluice_stuck_runs", "Open runs whose host is gone, or that commit nothing",
            from_store.open.stuck);
  add_cases(all, from_store, "sluice_held_runs", "Runs whose deletes wait for a person",
            from_store.open.held);
  MetricFamily& alerts =
      add_family(all, "sluice_alert_firing", "1: the manifest's alert fires", MetricType::Gauge);
  for (const scraped::alert& a : from_store.alerts)
    add_gauge(alerts, {{"pipeline", a.pipeline}, {"alert", a.name}, {"severity", a.severity}},
              a.firing ? 1 : 0);
  add_host(all, state);
  add_process(all);
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace sluice::server
