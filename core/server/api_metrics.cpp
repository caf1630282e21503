// How it goes: the figures of a window, the state of health, and what Prometheus reads.
#include "host/alert_book.hpp"
#include "host/health_report.hpp"
#include "host/metrics_report.hpp"
#include "server/api.hpp"
#include "server/exposition.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;
using boost::asio::awaitable;

constexpr std::int64_t minute_us = 60'000'000;

// "15m", of those that the route's table lists.
std::int64_t window_us(const std::string& text) {
  if (text.empty()) return 15 * minute_us;
  const std::int64_t n = std::stoll(text);
  return n * minute_us * (text.back() == 'm' ? 1 : text.back() == 'h' ? 60 : 24 * 60);
}

}  // namespace

awaitable<answer> api::show_metrics(const call& c) {
  const host::metrics_ask ask{c.value("tenant"), c.value("pipeline"), c.value("backend"),
                              window_us(c.value("window")), c.limit()};
  std::function<json(engine::session&)> what = [ask](engine::session& s) {
    return host::metrics_report(s, ask);
  };
  const std::string same =
      json{"metrics", ask.tenant, ask.pipeline, ask.backend, ask.window_us, ask.tenants}.dump();
  const desk::reply got = co_await look(ask.tenant, same, std::move(what));
  co_return json_answer(200, *got);
}

// Of manifests that callers may know the names, not the folders.
host::host_state api::state_of_host() const {
  host::host_state out = setup_.service.state();
  std::map<std::string, std::string> stale;
  for (const auto& [file, why] : out.stale) stale[std::filesystem::path(file).filename().string()] = why;
  out.stale = std::move(stale);
  setup_.add_facts(out);
  return out;
}

json api::firing_alerts(engine::session& s) const {
  std::vector<const manifest::pipeline*> served;
  const auto all = setup_.service.pipelines();
  for (const host::served_pipeline& p : all) served.push_back(p.pipeline.get());
  return host::firing_alerts(s, served);
}

// Who sees one tenant only is told of its runs, and nothing of the host.
awaitable<answer> api::show_health(const call& c) {
  const std::string tenant = c.value("tenant");
  const bool whole = c.from.sees_all();
  std::function<json(engine::session&)> what = [this, tenant, whole](engine::session& s) {
    const auto open = host::look_at_open_runs(s, tenant);
    if (!whole) return host::health_report(open, json::array(), nullptr);
    const host::host_state state = state_of_host();
    return host::health_report(open, firing_alerts(s), &state);
  };
  const std::string same = json{"health", tenant, whole}.dump();
  const desk::reply got = co_await look(tenant, same, std::move(what));
  co_return json_answer(200, *got);
}

awaitable<answer> api::expose(const call&) {
  std::function<json(engine::session&)> what = [this, refused = refused_](engine::session& s) {
    scraped from{host::count_up(s), host::look_at_open_runs(s, {}), {}};
    const auto served = setup_.service.pipelines();
    preset(from.counted, served);
    for (const host::served_pipeline& p : served) add_alerts(from.alerts, s, *p.pipeline);
    host::host_state state = state_of_host();
    state.refused = refused;
    return json(exposition(from, state));
  };
  const desk::reply got = co_await look({}, "exposition", std::move(what));
  co_return answer{200, "text/plain; version=0.0.4; charset=utf-8", got->get<std::string>(), {}, false};
}

}  // namespace sluice::server
