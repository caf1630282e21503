// How it goes: the figures of a window, the state of health, and what Prometheus reads.
#include "host/advice.hpp"
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
  host::metrics_ask ask{c.value("tenant"), c.value("pipeline"), c.value("backend"),
                        window_us(c.value("window")), c.limit()};
  if (const std::string parts = c.value("parts"); !parts.empty()) ask.parts = std::stoi(parts);
  std::function<json(engine::session&)> what = [ask](engine::session& s) {
    return host::metrics_report(s, ask);
  };
  const std::string same =
      json{"metrics", ask.tenant, ask.pipeline, ask.backend, ask.window_us, ask.tenants, ask.parts}.dump();
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

// Which tenants should run elsewhere, in short. It is about weeks and much is read for it, so it is made now and then.
json api::advice_by_now(engine::session& s) {
  constexpr std::int64_t good_for_us = 10 * minute_us;
  const std::int64_t now = clock_.steady_us();
  {
    const std::lock_guard lock(advice_mutex_);
    if (advice_us_ != 0 && now - advice_us_ < good_for_us) return advice_;
    advice_us_ = now;  // others are answered with the one before meanwhile
  }
  json out = json::array();
  const auto all = setup_.service.pipelines();
  for (const host::served_pipeline& p : all) {
    const json report = host::advice_report(s, *p.pipeline, {});
    for (json move : report.at("moves")) {
      move["pipeline"] = p.pipeline->name;
      out.push_back(std::move(move));
    }
  }
  const std::lock_guard lock(advice_mutex_);
  return advice_ = std::move(out);
}

// Who sees one tenant only is told of its runs, and nothing of the host.
awaitable<answer> api::show_health(const call& c) {
  const std::string tenant = c.value("tenant");
  const bool whole = c.from.sees_all();
  std::function<json(engine::session&)> what = [this, tenant, whole](engine::session& s) {
    const auto open = host::look_at_open_runs(s, tenant);
    if (!whole) return host::health_report(open, json::array(), nullptr);
    const host::host_state state = state_of_host();
    json out = host::health_report(open, firing_alerts(s), &state);
    out["advice"] = advice_by_now(s);
    return out;
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
