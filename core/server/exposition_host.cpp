// What a host exposes of itself, and of its process.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include <unistd.h>

#include "plugin/loader.hpp"
#include "server/codes.hpp"
#include "server/exposition.hpp"

namespace sluice::server {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

double ticks_as_seconds(double ticks) { return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)); }

// Of /proc/self/stat, from field 3 on; the name before may hold spaces.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  return {std::istream_iterator<std::string>(rest), {}};
}

double open_files() {
  std::error_code none;
  double n = 0;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", none);
       !none && at != std::filesystem::directory_iterator(); at.increment(none))
    ++n;
  return n;
}

void add_plugins(families& to, const host::host_state& state) {
  MetricFamily counts{"sluice_plugin_counts_total",
                      "What plugins count on this host, by their own names",
                      MetricType::Counter,
                      {}};
  MetricFamily values{
      "sluice_plugin_values", "What plugins measure on this host, by their own names", MetricType::Gauge, {}};
  for (const host::plugin_metrics::entry& e : state.plugins) {
    std::vector<ClientMetric::Label> labels{{"pipeline", e.pipeline}, {"plugin", e.plugin}, {"name", e.name}};
    if (!e.counts) {
      add_gauge(values, std::move(labels), e.value);
      continue;
    }
    ClientMetric& m = counts.metric.emplace_back();
    m.label = std::move(labels);
    m.counter.value = e.value;
  }
  to.push_back(std::move(counts));
  to.push_back(std::move(values));
}

// Those of which a rate is wanted are there before the first.
void add_door(families& to, const host::host_state& state) {
  std::map<std::string, std::uint64_t> refused = state.refused;
  for (const char* code : {"SLU-6060", "SLU-6066", "SLU-6067", "SLU-6068", "SLU-6069", code::too_busy,
                           code::stopping, code::too_many_connections, code::wrong_too_often})
    refused.try_emplace(code);
  MetricFamily& away = add_family(to, "sluice_host_refused_total",
                                  "Requests that this host did not carry out, by code", MetricType::Counter);
  for (const auto& [code, n] : refused) {
    ClientMetric& m = away.metric.emplace_back();
    m.label = {{"code", code}};
    m.counter.value = static_cast<double>(n);
  }
  const auto add = [&](const char* name, const char* help, double value) {
    add_family(to, name, help, MetricType::Counter).metric.emplace_back().counter.value = value;
  };
  add("sluice_host_runs_begun_total", "Runs that this host has begun with", static_cast<double>(state.begun));
  add("sluice_host_queue_seconds_total", "How long they were in its queue, all together",
      static_cast<double>(state.waited_us) / 1e6);
}

}  // namespace

void add_host(families& to, const host::host_state& state) {
  MetricFamily& runs = add_family(to, "sluice_host_runs", "Runs that this host has", MetricType::Gauge);
  add_gauge(runs, {{"state", "active"}}, state.active);
  add_gauge(runs, {{"state", "queued"}}, state.queued);
  add_door(to, state);
  MetricFamily& sick = add_family(to, "sluice_source_sick",
                                  "1: this host has seen the source fail or be slow", MetricType::Gauge);
  for (const host::host_state::source& s : state.sources)
    add_gauge(sick, {{"pipeline", s.pipeline}, {"source", s.name}}, s.sick ? 1 : 0);
  MetricFamily& stale =
      add_family(to, "sluice_stale_manifests",
                 "Manifests whose text is not what is served, since it is wrong", MetricType::Gauge);
  add_gauge(stale, {}, static_cast<double>(state.stale.size()));
  MetricFamily& away = add_family(to, "sluice_backend_away",
                                  "1: this host has seen that the backend takes no runs", MetricType::Gauge);
  for (const host::backend_standing& b : state.away)
    add_gauge(away, {{"pipeline", b.pipeline}, {"backend", b.backend}}, 1);
  MetricFamily& ends = add_family(to, "sluice_certificate_end_timestamp_seconds",
                                  "When the certificate ends that this host listens with", MetricType::Gauge);
  if (state.certificate_ends_s != 0) add_gauge(ends, {}, static_cast<double>(state.certificate_ends_s));
  add_plugins(to, state);
  MetricFamily& build = add_family(to, "sluice_build_info", "1, with the version", MetricType::Gauge);
  add_gauge(build, {{"version", std::string(plugin::host_version())}}, 1);
}

void add_process(families& to) {
  constexpr std::size_t user = 11, system = 12, memory = 21;  // fields 14, 15 and 24, counted from 3
  const auto fields = stat_fields();
  if (fields.size() > memory) {
    MetricFamily& cpu =
        add_family(to, "process_cpu_seconds_total", "Time on a processor", MetricType::Counter);
    cpu.metric.emplace_back().counter.value =
        ticks_as_seconds(std::stod(fields[user]) + std::stod(fields[system]));
    MetricFamily& resident =
        add_family(to, "process_resident_memory_bytes", "Memory in use", MetricType::Gauge);
    add_gauge(resident, {}, std::stod(fields[memory]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  MetricFamily& files = add_family(to, "process_open_fds", "Open files and connections", MetricType::Gauge);
  add_gauge(files, {}, open_files());
}

}  // namespace sluice::server
