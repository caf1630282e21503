// What was refused, what waits, whom the store knows, which plugins there are, and where a tenant's runs go.
#include "host/advice.hpp"
#include "host/cancel.hpp"
#include "host/lists.hpp"
#include "host/route.hpp"
#include "plugin/report.hpp"
#include "server/api.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;
using boost::asio::awaitable;

template <class Rows, class Show>
json array_of(const Rows& rows, const Show& show) {
  json out = json::array();
  for (const auto& row : rows) out.push_back(show(row));
  return out;
}

bool knows(const manifest::pipeline& p, const std::string& tenant) {
  try {
    host::check_tenant(p, tenant);
    return true;
  } catch (const engine::failure& f) {
    return f.code() != "SLU-6028";
  }
}

}  // namespace

awaitable<answer> api::list_rejects(const call& c) {
  host::rejects_ask ask{c.value("tenant"), c.value("run"), c.value("all") == "true", c.limit()};
  std::function<json(engine::session&)> what = [ask](engine::session& s) -> json {
    try {
      const bool other =
          !ask.run_id.empty() && !ask.tenant.empty() && host::find_run(s, ask.run_id).tenant != ask.tenant;
      if (other) throw no_such_run(ask.run_id);
      return {{"rejects", array_of(host::list_rejects(s, ask), host::reject_json)}};
    } catch (const engine::failure& f) {
      if (f.code() != "SLU-7012") throw;
      throw no_such_run(ask.run_id);
    }
  };
  const desk::reply got = co_await look(ask.tenant, {}, std::move(what));
  co_return json_answer(200, *got);
}

awaitable<answer> api::list_deferred(const call& c) {
  const std::string tenant = c.value("tenant");
  const int limit = c.limit();
  std::function<json(engine::session&)> what = [tenant, limit](engine::session& s) -> json {
    return {{"deferred", array_of(s.list_deferred(tenant, limit), host::deferred_json)}};
  };
  const desk::reply got = co_await look(tenant, {}, std::move(what));
  co_return json_answer(200, *got);
}

awaitable<answer> api::list_tenants(const call& c) {
  const std::string tenant = c.value("tenant");
  std::function<json(engine::session&)> what = [tenant](engine::session& s) -> json {
    auto rows = s.list_tenants();
    if (!tenant.empty()) std::erase_if(rows, [&](const engine::tenant_row& t) { return t.tenant != tenant; });
    return {{"tenants", array_of(rows, host::tenant_json)}};
  };
  const desk::reply got = co_await look(tenant, {}, std::move(what));
  co_return json_answer(200, *got);
}

awaitable<answer> api::list_plugins(const call&) {
  json report = plugin::list_report(setup_.catalog);
  for (json& p : report["plugins"]) p.erase("folder");  // where they lie is not the caller's business
  co_return json_answer(200, report);
}

awaitable<answer> api::show_routing(const call& c) {
  const std::string tenant = c.value("tenant");
  if (tenant.empty()) throw refusal(400, code::bad_parameter, "say whose runs: `tenant`");
  std::vector<host::served_pipeline> of;
  for (const host::served_pipeline& p : setup_.service.pipelines()) {
    if (knows(*p.pipeline, tenant)) of.push_back(p);
  }
  if (of.empty()) throw no_such_tenant(tenant);
  desk::question explain = [of, tenant]() -> json {
    return array_of(of, [&](const host::served_pipeline& p) { return p.engine->explain_route(tenant); });
  };
  const desk::reply got = co_await desk_.ask({engine::urgency::essential, tenant}, {}, std::move(explain));
  co_return json_answer(200, json{{"tenant", tenant}, {"routing", *got}});
}

awaitable<answer> api::show_advice(const call& c) {
  host::advice_ask ask;
  ask.tenant = c.value("tenant");
  if (const std::string days = c.value("days"); !days.empty())
    ask.window_us = std::stoll(days) * 86'400'000'000LL;
  std::function<json(engine::session&)> what =
      [ask, all = setup_.service.pipelines()](engine::session& s) -> json {
    return {{"advice", array_of(all, [&](const host::served_pipeline& p) {
               return host::advice_report(s, *p.pipeline, ask);
             })}};
  };
  // Much is read for it: who asks the same meanwhile shares the answer.
  const desk::reply got =
      co_await look(ask.tenant, "advice:" + ask.tenant + ":" + c.value("days"), std::move(what));
  co_return json_answer(200, *got);
}

}  // namespace sluice::server
