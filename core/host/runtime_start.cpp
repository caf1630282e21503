// Asking for a run: its plan, its backend, started, joined or taken over.
#include <algorithm>

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "engine/failpoint.hpp"
#include "host/process.hpp"
#include "host/route.hpp"
#include "host/runtime.hpp"
#include "host/streams.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;

namespace {

run_answer answer_of(const engine::run_lease& lease, const engine::run_request& request,
                     const std::optional<engine::run_row>& open) {
  return {lease.run_id,
          lease.correlation_id,
          open ? open->backend : request.backend,
          open ? open->route_reason : request.route_reason,
          lease.result,
          lease.held_by,
          request.scope};
}

engine::run_identity identity_of(const engine::run_lease& lease, const engine::run_request& request) {
  return {lease.run_id, request.tenant, request.pipeline, lease.correlation_id, lease.epoch};
}

engine::progress_fn progress_of(const run_ask& ask) {
  const bool of_subject = ask.part == run_part::subject && ask.on_subject_progress;
  return of_subject ? ask.on_subject_progress : ask.on_progress;
}

// Who joins a run begins none; nor does what the host begins by itself.
void count_start(shared_parts* shared, const run_ask& ask, const engine::run_lease& lease) {
  const bool begun = lease.result == engine::run_lease::how::started;
  if (shared != nullptr && begun && ask.urgency == engine::urgency::essential)
    shared->door.count_start(ask.tenant);
}

}  // namespace

engine::run_plan plan_of(const manifest::pipeline& pipeline, const run_ask& ask,
                         const read_history& history) {
  engine::run_plan plan = build_plan(pipeline, {ask.tenant, ask.phases, ask.part, ask.subject}, history);
  if (!plan.steps.empty() || !plan.left_out.empty()) return plan;
  if (ask.part == run_part::subject) {
    throw failure(
        failure_class::invalid, "SLU-6040",
        "nothing can be read for one subject: no item of the phases asked for has `scope: subject` and a "
        "read with `subject`; see docs/operate.md, Sign-ins");
  }
  throw failure(failure_class::invalid, "SLU-6027",
                "nothing to read: the phases asked for have no items; name entries under `phases`");
}

bool has_essential(const engine::run_plan& plan) {
  return std::any_of(plan.stages.begin(), plan.stages.end(),
                     [](const engine::stage_plan& s) { return s.phase == engine::phase::essential; });
}

void check_ask(const manifest::pipeline& pipeline, const run_ask& ask) {
  check_tenant(pipeline, ask.tenant);
  check_backend(pipeline, ask.backend);
  run_ask of = ask;
  if (!ask.subject.empty()) {
    check_subject(ask.subject);
    of.part = run_part::subject;
  }
  static_cast<void>(plan_of(pipeline, of, {}));
}

void check_before_store(const manifest::pipeline& pipeline, const plugin::catalog& catalog,
                        plugin::loader& loader, const run_ask& ask) {
  check_ask(pipeline, ask);
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
  const routed route = choose_backend(setup_.pipeline, ask.tenant, ask.backend, *facts_of(ask.tenant));
  engine::run_request r = new_request(ask.tenant, setup_.pipeline.name,
                                      ask.part == run_part::subject ? scope_of(ask.subject) : std::string(),
                                      ask.correlation_id, clock_.now_us(), random_);
  r.manifest_hash = setup_.pipeline.hash;
  r.backend = route.backend;
  r.route_reason = route.reason;
  r.mode = std::any_of(plan.stages.begin(), plan.stages.end(),
                       [](const engine::stage_plan& s) { return s.watermark && !s.watermark->full; })
               ? "incremental"
               : "full";
  r.plan = plan_to_json(plan, {r.run_id, r.tenant, r.pipeline, r.correlation_id,
                               route.by ? to_json(route.by).dump() : std::string()});
  r.retry_of = ask.retry_of;
  r.lease_us = setup_.lease_us;
  r.unless_since_us = ask.unless_since_us;
  return r;
}

read_history runtime::history_of(const run_ask& ask, const std::string& scope) {
  const engine::history_use use =
      ask.full ? engine::history_use{} : history_used(setup_.pipeline, ask.phases, ask.part);
  if (!use.watermarks && !use.fresh) return {};
  return ask_store(
      [&](engine::session& s) { return s.read_before(ask.tenant, setup_.pipeline.name, scope, use); });
}

run_answer runtime::start(const run_ask& ask) {
  check_tenant(setup_.pipeline, ask.tenant);
  const std::string scope = ask.part == run_part::subject ? scope_of(ask.subject) : std::string();
  engine::run_plan plan = ask.plan ? *ask.plan : plan_of(setup_.pipeline, ask, history_of(ask, scope));
  engine::run_request request = make_request(ask, plan);
  // What nobody waits for has no claim to the places of essential work.
  const engine::urgency claim = has_essential(plan) ? ask.urgency : engine::urgency::background;
  // First: what is full says so before anything is written.
  admitted place = admit(ask, request.backend, claim);
  const engine::run_lease lease =
      ask_store([&](engine::session& s) { return s.start_run(request, is_dead); });
  if (lease.result == engine::run_lease::how::skipped) return {.how = lease.result};
  count_start(setup_.shared, ask, lease);
  std::optional<engine::run_row> open;
  if (lease.result != engine::run_lease::how::started) {
    open = ask_store([&](engine::session& s) { return s.show_run(lease.run_id); });
  }
  const run_answer answer = answer_of(lease, request, open);
  SLUICE_FAILPOINT("host.after_lease");
  if (ask.on_lease) ask.on_lease(answer);
  {
    // Remembered whoever has it: this host may lose a run too, when it stands still for too long.
    const std::lock_guard lock(mutex_);
    foreign_[lease.run_id] = {ask, request, lease.held_by, clock_.steady_us()};
  }
  if (lease.result == engine::run_lease::how::joined) return answer;
  if (open) {
    plan = plan_from_json(open->plan, setup_.pipeline);
    if (backends_.contains(open->backend)) {
      request.backend = open->backend;
      request.route_reason = open->route_reason;
    }
  }
  launch(lease, request, std::move(plan), ask, std::move(place));
  return answer;
}

engine::run_options runtime::options_of(const engine::run_identity& id) {
  engine::run_options out;
  out.batch.writers = std::min(2, setup_.store.writers());
  out.lease_us = setup_.lease_us;
  out.on_wait = log_waits(setup_.log, id);
  out.on_stage_failed = [this, id](const std::string& stage, std::int64_t pages, const failure& why) {
    const auto active = find(id.run_id);
    if (active == nullptr || !active->tells_end) log_failed_stage(setup_.log, id, stage, pages, why);
  };
  out.on_essential = [this, run_id = id.run_id] { essential_over(run_id); };
  return out;
}

void runtime::log_start(const engine::run_lease& lease, const engine::run_request& request) {
  setup_.log.write(observe::log_level::info,
                   {.correlation_id = lease.correlation_id, .tenant = request.tenant, .run_id = lease.run_id},
                   lease.result == engine::run_lease::how::took_over ? "run taken over" : "run started",
                   {{"pipeline", request.pipeline},
                    {"scope", request.scope.empty() ? "tenant" : std::string_view(request.scope)},
                    {"backend", request.backend},
                    {"reason", request.route_reason}});
}

// False: the question that began the run was asked again after a lost answer, and answered with the lease that this
// process works under already.
bool runtime::enter(const std::shared_ptr<active_run>& active) {
  const engine::run_identity& id = active->run->identity();
  const std::lock_guard lock(mutex_);
  std::shared_ptr<active_run>& at = active_[id.run_id];
  if (at && at->run->identity().epoch == id.epoch) return false;
  at = active;
  open_here_.emplace(id.tenant, active->scope);
  return true;
}

void runtime::launch(const engine::run_lease& lease, const engine::run_request& request,
                     engine::run_plan plan, const run_ask& ask, admitted place) {
  const std::string plan_json =
      plan_to_json(plan, {lease.run_id, request.tenant, request.pipeline, lease.correlation_id});
  const auto active = std::make_shared<active_run>();
  const engine::run_identity id = identity_of(lease, request);
  active->run = std::make_shared<engine::run>(
      id, std::move(plan), engine::run_ports{store_, *reader_, clock_, random_, context_.get_executor()},
      options_of(id));
  active->scope = request.scope;
  active->backend = request.backend;
  active->reason = request.route_reason;
  active->begun = ask.adopted;
  active->essential_over = !has_essential(active->run->plan());
  active->on_progress = progress_of(ask);
  active->tells_end = ask.tells_end;
  active->made_us = lease.result == engine::run_lease::how::started ? clock_.now_us() : 0;
  active->gate = place.gate;
  active->place = std::move(place.place);
  if (!enter(active)) return;
  log_start(lease, request);
  boost::asio::post(context_, [run = active->run] { run->start(); });
  if (ask.adopted) return active->gate->open();
  const auto begin = [this, active, plan_json] { hand_over(active, plan_json); };
  if (setup_.shared == nullptr) return begin();
  active->gate->pass([this, active, begin] {
    try {
      begin();
    } catch (...) {
      abandon(active, engine::current_failure());
    }
  });
}

void runtime::cancel(const std::string& run_id) {
  if (const auto active = find(run_id)) {
    boost::asio::post(context_, [run = active->run] { run->cancel(); });
    std::string backend;
    {
      const std::lock_guard lock(mutex_);
      backend = active->backend;
    }
    if (const auto at = backends_.find(backend); at != backends_.end()) at->second->cancel(run_id);
    return;
  }
  ask_store([&](engine::session& s) { return s.request_cancel(run_id); });
}

}  // namespace sluice::host
