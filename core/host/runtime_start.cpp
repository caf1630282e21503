// Asking for a run: its plan, its backend, started, joined or taken over.
#include <algorithm>

#include <boost/asio/post.hpp>

#include "host/process.hpp"
#include "host/route.hpp"
#include "host/runtime.hpp"
#include "host/streams.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;

namespace {

engine::run_plan plan_of(const manifest::pipeline& pipeline, wanted_phase phases,
                         const read_history& history) {
  engine::run_plan plan = build_plan(pipeline, phases, history);
  if (!plan.steps.empty() || !plan.left_out.empty()) return plan;
  throw failure(failure_class::invalid, "SLU-6027",
                "nothing to read: the phases asked for have no items; name entries under `phases`");
}

// Keys that the manifest may have and that nothing here acts on.
std::string not_carried_out(const manifest::pipeline& p) {
  std::string out;
  const auto add = [&](bool used, const char* key) {
    if (used) out += (out.empty() ? "`" : ", `") + std::string(key) + "`";
  };
  const auto by_subject = [](const manifest::item& i) { return i.scope == manifest::scope::subject; };
  add(p.every_us > 0, "every");
  add(!p.alerts.empty(), "alerts");
  add(!p.notify.empty(), "notify");
  add(!p.routing.when_unavailable.empty(), "routing.when_unavailable");
  add(std::any_of(p.essential.items.begin(), p.essential.items.end(), by_subject), "scope: subject");
  return out;
}

}  // namespace

void check_before_store(const manifest::pipeline& pipeline, const plugin::catalog& catalog,
                        plugin::loader& loader, const run_ask& ask) {
  check_tenant(pipeline, ask.tenant);
  static_cast<void>(choose_backend(pipeline, ask.tenant, ask.backend));
  static_cast<void>(plan_of(pipeline, ask.phases, {}));
  static_cast<void>(streams_of(pipeline, catalog));
  using plugin::component_kind;
  for (const manifest::source& s : pipeline.sources)
    static_cast<void>(loader.open(component_kind::source, s.uses));
  for (const manifest::domain& d : pipeline.domains)
    static_cast<void>(loader.open(component_kind::domain, d.uses));
  for (const manifest::backend& b : pipeline.backends) {
    static_cast<void>(loader.open(component_kind::backend, b.uses));
  }
}

engine::run_request runtime::make_request(const run_ask& ask, const engine::run_plan& plan) {
  const std::int64_t now_ms = clock_.now_us() / 1000;
  const routed route = choose_backend(setup_.pipeline, ask.tenant, ask.backend);
  engine::run_request r;
  r.run_id = observe::uuid_v7(now_ms, random_.next(), random_.next());
  r.tenant = ask.tenant;
  r.pipeline = setup_.pipeline.name;
  r.correlation_id = ask.correlation_id.empty() ? observe::correlation_id(ask.tenant, now_ms, random_.next())
                                                : ask.correlation_id;
  r.manifest_hash = setup_.pipeline.hash;
  r.backend = route.backend;
  r.route_reason = route.reason;
  r.mode = std::any_of(plan.stages.begin(), plan.stages.end(),
                       [](const engine::stage_plan& s) { return s.watermark && !s.watermark->full; })
               ? "incremental"
               : "full";
  r.plan = plan_to_json(plan, {r.run_id, r.tenant, r.pipeline, r.correlation_id});
  r.by = this_process();
  return r;
}

read_history runtime::history_of(const std::string& tenant) {
  const std::lock_guard lock(session_mutex_);
  return {session_->watermarks(tenant, setup_.pipeline.name),
          session_->freshness(tenant, setup_.pipeline.name, ""), session_->now_us()};
}

run_answer runtime::start(const run_ask& ask) {
  check_tenant(setup_.pipeline, ask.tenant);
  if (const std::string keys = not_carried_out(setup_.pipeline); !keys.empty()) {
    setup_.log.write(observe::log_level::warn, {.tenant = ask.tenant, .code = "SLU-6031"},
                     "this version checks and does not carry out " + keys);
  }
  engine::run_plan plan = plan_of(setup_.pipeline, ask.phases, history_of(ask.tenant));
  const engine::run_request request = make_request(ask, plan);
  engine::run_lease lease;
  std::optional<engine::run_row> open;
  {
    const std::lock_guard lock(session_mutex_);
    lease = session_->start_run(request, is_dead);
    if (lease.result != engine::run_lease::how::started) open = session_->show_run(lease.run_id);
  }
  run_answer answer{lease.run_id,
                    lease.correlation_id,
                    open ? open->backend : request.backend,
                    open ? open->route_reason : request.route_reason,
                    lease.result,
                    lease.held_by};
  if (ask.on_lease) ask.on_lease(answer);
  if (lease.result == engine::run_lease::how::joined) return answer;
  if (open) plan = plan_from_json(open->plan, setup_.pipeline);
  launch(lease, request, std::move(plan), ask);
  return answer;
}

engine::run_options runtime::options_of(const engine::run_identity& id) {
  engine::run_options out;
  out.on_wait = [this, id](const engine::wait_note& n) {
    setup_.log.write(
        observe::log_level::warn,
        {.correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id, .code = n.why.code()},
        n.why.message(),
        {{"stage", n.stage},
         {"asked_again_in_ms", n.wait_us / 1000},
         {"failures", n.failures},
         {"attempts", n.attempts}});
  };
  return out;
}

void runtime::launch(const engine::run_lease& lease, const engine::run_request& request,
                     engine::run_plan plan, const run_ask& ask) {
  const std::string plan_json =
      plan_to_json(plan, {lease.run_id, request.tenant, request.pipeline, lease.correlation_id});
  const auto active = std::make_shared<active_run>();
  const engine::run_identity id{lease.run_id, request.tenant, request.pipeline, lease.correlation_id,
                                lease.epoch};
  active->run = std::make_shared<engine::run>(
      id, std::move(plan), engine::run_ports{store_, *reader_, clock_, random_, context_.get_executor()},
      options_of(id));
  active->backend = request.backend;
  active->on_progress = ask.on_progress;
  active->tells_end = ask.tells_end;
  {
    const std::lock_guard lock(mutex_);
    active_[lease.run_id] = active;
  }
  setup_.log.write(
      observe::log_level::info,
      {.correlation_id = lease.correlation_id, .tenant = request.tenant, .run_id = lease.run_id},
      lease.result == engine::run_lease::how::took_over ? "run taken over" : "run started",
      {{"pipeline", request.pipeline}, {"backend", request.backend}, {"reason", request.route_reason}});
  boost::asio::post(context_, [run = active->run] { run->start(); });
  backends_.at(request.backend)->start(lease.run_id, plan_json);
}

void runtime::cancel(const std::string& run_id) {
  if (const auto active = find(run_id)) {
    boost::asio::post(context_, [run = active->run] { run->cancel(); });
    backends_.at(active->backend)->cancel(run_id);
    return;
  }
  const std::lock_guard lock(session_mutex_);
  session_->request_cancel(run_id);
}

}  // namespace sluice::host
