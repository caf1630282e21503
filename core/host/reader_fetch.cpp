// How the reader asks a source for a page.
#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/failpoint.hpp"
#include "host/ports.hpp"
#include "host/reader.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

failure to_failure(const plugin::error& e) {
  failure_class kind = failure_class::internal;
  switch (e.kind()) {
    case plugin::status::invalid:
    case plugin::status::unsupported: kind = failure_class::invalid; break;
    case plugin::status::not_found: kind = failure_class::not_found; break;
    // A request's own deadline is not the run's: asking again is right.
    case plugin::status::deadline:
    case plugin::status::transient: kind = failure_class::transient; break;
    case plugin::status::throttled: kind = failure_class::throttled; break;
    case plugin::status::denied: kind = failure_class::denied; break;
    case plugin::status::cancelled: kind = failure_class::cancelled; break;
    case plugin::status::internal: break;
  }
  return failure(kind, e.code(), e.message(), std::int64_t{e.retry_after_ms()} * 1000)
      .with({.upstream_status = e.http_status()});
}

namespace {

std::string place_of(const engine::read_request& request) {
  if (!request.page_state.empty() || request.vars.find(reader::place_name) == std::string::npos)
    return request.page_state;
  return nlohmann::json::parse(request.vars).value(reader::place_name, std::string());
}

}  // namespace

engine::turn reader::turn_of(const engine::read_request& request) {
  return {request.essential ? engine::urgency::essential : engine::urgency::background, request.tenant};
}

// What an upstream asks of one request it asks of all that are sent to it. Who waits here holds no slot.
awaitable<void> reader::keep_quiet(const source_lanes::lane& at, engine::stop_source& stop) {
  for (std::int64_t left = 0; (left = at.not_before_us - setup_.clock.steady_us()) > 0;) {
    co_await setup_.clock.sleep(left, stop);
    stop.throw_if_stopped();
  }
}

awaitable<plugin::page> reader::fetch(const stage_work& stage, const engine::read_request& request,
                                      const std::shared_ptr<plugin::call_scope>& call,
                                      const plugin::fetch_request& what, source_lanes::lane& at) {
  const auto abandon = request.stop->on_stop([&call] { call->cancel(); });
  request.stop->throw_if_stopped();
  if (request.on_sent) request.on_sent();
  // The result is not copyable; a function object must be.
  using shared_result = std::shared_ptr<plugin::fetch_result>;
  const auto result =
      co_await await_callback<shared_result>(setup_.executor, [&](std::function<void(shared_result)> done) {
        stage.source->instance->fetch(stage.handle, call, what, [done](plugin::fetch_result r) {
          done(std::make_shared<plugin::fetch_result>(std::move(r)));
        });
      });
  request.stop->throw_if_stopped();
  if (const auto* e = std::get_if<plugin::error>(result.get())) {
    const std::int64_t until = setup_.clock.steady_us() + std::int64_t{e->retry_after_ms()} * 1000;
    if (e->kind() == plugin::status::throttled) at.not_before_us = std::max(at.not_before_us, until);
    throw to_failure(*e);
  }
  co_return std::move(std::get<plugin::page>(*result));
}

std::string reader::address_of(const std::string& source, const std::string& tenant) const {
  const bool own = sources_.at(source).tells_tenants;
  const std::string name = health_name(setup_.pipeline.name, source);
  return own ? address_name(name, tenant) : name;
}

std::string reader::origin_of_tenant(const source_work& source, const std::string& tenant) const {
  if (source.by_tenant.empty()) return {};
  const auto& known = setup_.pipeline.tenants.known;
  return origin_of(source.by_tenant, [&](std::string_view name) -> std::string {
    constexpr std::string_view vars = "tenant.vars.";
    if (name == "tenant") return tenant;
    const auto at = known.find(tenant);
    if (at == known.end() || !name.starts_with(vars)) return {};
    const auto var = at->second.vars.find(std::string(name.substr(vars.size())));
    return var == at->second.vars.end() ? std::string() : var->second;
  });
}

// One request, within the limits of its upstream.
awaitable<answer> reader::ask(const stage_work& stage, const engine::read_request& request,
                              const std::shared_ptr<plugin::call_scope>& call,
                              const plugin::fetch_request& what) {
  const lane at = stage.source->lanes->of(origin_of_tenant(*stage.source, request.tenant));
  co_await keep_quiet(*at, *request.stop);
  const limiter::slot slot = co_await at->limits.acquire(turn_of(request), *request.stop);
  const std::string address = address_of(stage.read->from, request.tenant);
  breaker::passage through(setup_.health == nullptr ? nullptr : &setup_.health->gate(), address,
                           request.essential);
  source_health::request asked(setup_.health, address);
  const std::int64_t sent_at = setup_.clock.now_us();
  SLUICE_FAILPOINT("read.before_fetch");
  std::optional<plugin::page> fetched;
  try {
    fetched = co_await fetch(stage, request, call, what, *at);
    asked.good();
    through.good();
  } catch (const failure& f) {
    if (f.retryable()) asked.bad();
    through.failed(f);
    throw;
  }
  SLUICE_FAILPOINT("read.after_fetch");
  const std::size_t bytes = fetched->body().size();
  co_return answer{std::make_shared<const plugin::page>(std::move(*fetched)), sent_at, bytes};
}

awaitable<answer> reader::find_answer(const stage_work& stage, const engine::read_request& request,
                                      const std::shared_ptr<plugin::call_scope>& call) {
  nlohmann::json vars = nlohmann::json::object();
  for (auto& [name, value] : variables(request)) vars[name] = value;
  const plugin::fetch_request what{vars.dump(), place_of(request)};
  if (stage.who_ask->size() < 2) co_return co_await ask(stage, request, call, what);
  question same{request.run_id, request.stage, stage.who_ask->size()};
  for (const std::string* part : {&stage.question, &what.vars_json, &what.page_state})
    same.key += '\0' + *part;
  if (vars.contains("since")) same.key += '\0' + stage.since_param;
  const std::function<awaitable<answer>()> asks = [&] { return ask(stage, request, call, what); };
  co_return co_await answers_.get(std::move(same), *request.stop, asks);
}

}  // namespace sluice::host
