#include "host/alert_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/figures.hpp"
#include "host/receipt.hpp"

namespace sluice::host {

namespace {

constexpr double ends_at = 0.8;  // of the limit

// Each of these runs is a case by itself, whatever the window and however few there are.
bool counts_cases(const manifest::alert& alert) {
  return alert.metric == "stuck_runs" || alert.metric == "held_runs";
}

std::string number(double n, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.4g%s", n, unit);
  return text.data();
}

std::string value_text(const manifest::alert& alert, double value) {
  if (alert.metric == "failure_rate") return number(value * 100, " %");
  if (alert.metric == "average_duration") return number(value / 1e6, " s");
  return number(value, "");
}

std::string window_text(std::int64_t us) {
  const std::int64_t minutes = us / 60'000'000;
  if (minutes % 60 != 0) return std::to_string(minutes) + " min";
  return std::to_string(minutes / 60) + " h";
}

figures figures_in(const manifest::alert& alert, const alert_view& view) {
  figures out;
  for (const engine::ended_run& run : view.ended) {
    if (run.ended_us < view.now_us - alert.window_us) break;
    const bool read = alert.domain.empty() ||
                      std::any_of(run.stages.begin(), run.stages.end(), [&](const engine::ended_stage& s) {
                        return entry_of(s.stage) == alert.domain;
                      });
    if (!read) continue;
    if (alert.domain.empty()) add_run(out, run);
    else add_domain(out, run, alert.domain);
  }
  return out;
}

}  // namespace

std::vector<std::string> alert_names(const manifest::pipeline& pipeline) {
  std::vector<std::string> out;
  for (const manifest::alert& a : pipeline.alerts) {
    std::string name = a.metric + (a.domain.empty() ? "" : ":" + a.domain);
    // The same thing watched twice: at another limit, over another window or more loudly.
    if (std::find(out.begin(), out.end(), name) != out.end())
      name += ":" + value_text(a, a.over) + ":" + window_text(a.window_us) + ":" + a.severity;
    out.push_back(std::move(name));
  }
  return out;
}

std::int64_t longest_window_us(const manifest::pipeline& pipeline) {
  std::int64_t out = 0;
  for (const manifest::alert& a : pipeline.alerts) out = std::max(out, a.window_us);
  return out;
}

alert_reading read_alert(const manifest::alert& alert, const alert_view& view) {
  if (alert.metric == "stuck_runs") return {static_cast<double>(view.stuck), view.stuck};
  if (alert.metric == "held_runs") return {static_cast<double>(view.held), view.held};
  const figures f = figures_in(alert, view);
  if (alert.metric == "failure_rate") return {f.failure_rate(), f.counted()};
  if (alert.metric == "domain_failures") return {static_cast<double>(f.failed), f.counted()};
  if (f.whole.count() == 0) return {};
  return {static_cast<double>(f.whole.average_us()), f.whole.count()};
}

bool fires(bool fired, const manifest::alert& alert, const alert_reading& reading) {
  if (!reading.value) return false;
  if (fired) return *reading.value > alert.over * ends_at;
  const bool enough = counts_cases(alert) || reading.samples >= alert.min_runs;
  return enough && *reading.value > alert.over;
}

std::string alert_text(const manifest::alert& alert, const alert_state& state) {
  std::string out = alert.metric + (alert.domain.empty() ? "" : " of " + alert.domain) + " is " +
                    value_text(alert, state.value);
  if (!counts_cases(alert)) {
    out += " of " + std::to_string(state.samples) + " runs in " + window_text(alert.window_us);
  }
  return out + ", the limit is " + value_text(alert, alert.over);
}

nlohmann::json alert_json(const manifest::pipeline& pipeline, const std::string& name,
                          const manifest::alert& alert, const alert_state& state) {
  nlohmann::json out{{"pipeline", pipeline.name},
                     {"alert", name},
                     {"metric", alert.metric},
                     {"severity", alert.severity},
                     {"state", state.firing ? "firing" : "resolved"},
                     {"since", instant_json(state.since_us)},
                     {"value", state.value},
                     {"over", alert.over},
                     {"runs", state.samples},
                     {"window_s", alert.window_us / 1'000'000},
                     {"text", alert_text(alert, state)}};
  if (!alert.domain.empty()) out["domain"] = alert.domain;
  return out;
}

}  // namespace sluice::host
