#include "host/runtime.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "host/process.hpp"
#include "host/route.hpp"
#include "host/streams.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

using boost::asio::awaitable;
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

// What keeps a run from being called succeeded, where it is no error.
void add_why_partial(const engine::run_row& row, nlohmann::json& fields) {
  std::map<std::string, std::int64_t> n;
  for (const engine::stage_row& s : row.stages) {
    n["rejected_records"] += s.records.rejected;
    for (const auto& [stream, counts] : s.streams) {
      n["rejected_rows"] += counts.rejected;
      n["deferred_rows"] += counts.deferred;
    }
  }
  for (const auto& [what, count] : n) {
    if (count != 0) fields[what] = count;
  }
}

bool is_fenced(const std::optional<failure>& f) { return f && f->kind() == failure_class::fenced; }

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

runtime::runtime(runtime_setup setup)
    : setup_(setup),
      work_(boost::asio::make_work_guard(context_)),
      pool_(std::max(2U, std::thread::hardware_concurrency())),
      session_(setup_.store.open_session()),
      clock_(session_->now_us()),
      store_(setup_.store) {
  reader_ = std::make_unique<reader>(reader_setup{setup_.pipeline, setup_.catalog, setup_.loader, *this,
                                                  context_.get_executor(), pool_, clock_});
  engine_ = std::thread([this] { context_.run(); });
  try {
    open_backends();
    ensure_tables();  // last: a plugin that can't be used leaves no tables behind
  } catch (...) {
    backends_.clear();
    work_.reset();
    engine_.join();
    throw;
  }
}

runtime::~runtime() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, active] : active_) {
      boost::asio::post(context_, [run = active->run] { run->leave(); });
    }
  }
  backends_.clear();  // each waits for its steps
  work_.reset();
  engine_.join();
  pool_.join();
}

void runtime::ensure_tables() {
  for (const plugin_streams& p : streams_of(setup_.pipeline, setup_.catalog)) {
    for (const std::string& line : setup_.store.ensure_streams(p.plugin, p.version, p.streams)) {
      setup_.log.write(observe::log_level::info, {.plugin = p.plugin}, line);
    }
  }
}

void runtime::open_backends() {
  for (const manifest::backend& b : setup_.pipeline.backends) {
    const auto component = setup_.loader.open(plugin::component_kind::backend, b.uses);
    backends_[b.name] = std::make_unique<plugin::backend_instance>(component, *this, b.config);
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

std::shared_ptr<runtime::active_run> runtime::find(std::string_view run_id) {
  const std::lock_guard lock(mutex_);
  const auto at = active_.find(run_id);
  return at == active_.end() ? nullptr : at->second;
}

void runtime::over(const std::shared_ptr<active_run>& active, std::optional<failure> failed) {
  {
    const std::lock_guard lock(mutex_);
    active->over = true;
    active->failed = std::move(failed);
  }
  changed_.notify_all();
}

std::optional<engine::run_row> runtime::wait(const std::string& run_id,
                                             const std::function<bool()>& give_up) {
  // The end of a run of this process is told; that of another host's is asked for.
  constexpr auto look_again = std::chrono::milliseconds(100);
  const auto active = find(run_id);
  for (;;) {
    bool ask_store = true;
    {
      std::unique_lock lock(mutex_);
      if (active == nullptr || (active->over && is_fenced(active->failed))) {
        changed_.wait_for(lock, look_again);
      } else {
        ask_store = changed_.wait_for(lock, look_again, [&] { return active->over; });
        if (active->failed && !is_fenced(active->failed)) throw failure(*active->failed);
      }
    }
    if (ask_store) {
      const std::lock_guard lock(session_mutex_);
      auto row = session_->show_run(run_id);
      if (row && engine::is_terminal(row->state)) return row;
    }
    // Without a lock: whoever is asked may cancel the run.
    if (give_up()) return std::nullopt;
  }
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

void runtime::log(observe::log_level level, const observe::log_context& context, std::string_view message,
                  std::string_view fields_json) noexcept {
  setup_.log.write_json(level, context, message, fields_json);
}

std::string runtime::expand_secret(std::string_view tenant, std::string_view text) {
  return setup_.secrets.expand(tenant, text);
}

void runtime::metric_add(std::string_view plugin, std::string_view name, double delta) noexcept {
  const std::lock_guard lock(mutex_);
  metrics_[std::string(plugin) + "." + std::string(name)] += delta;
}

void runtime::metric_set(std::string_view plugin, std::string_view name, double value) noexcept {
  const std::lock_guard lock(mutex_);
  metrics_[std::string(plugin) + "." + std::string(name)] = value;
}

void runtime::run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                       plugin::step_done done) {
  const auto active = find(run_id);
  if (active == nullptr) {
    throw plugin::error(plugin::status::not_found, "SLU-6026",
                        "no run " + std::string(run_id) + " is under way here");
  }
  std::string step = nlohmann::json::parse(step_json).at("name").get<std::string>();
  boost::asio::co_spawn(context_, drive_step(active, std::move(step), std::move(progress), std::move(done)),
                        boost::asio::detached);
}

awaitable<void> runtime::drive_step(std::shared_ptr<active_run> active, std::string step,
                                    plugin::step_progress progress, plugin::step_done done) {
  auto outcome = engine::step_outcome::cancelled;
  nlohmann::json result = nlohmann::json::object();
  try {
    outcome = co_await active->run->run_step(step, [&](const engine::progress& p) {
      if (active->on_progress) active->on_progress(p);
      if (progress)
        progress(nlohmann::json{{"stage", p.stage}, {"pages", p.pages}, {"rows", p.rows.rows}}.dump());
    });
  } catch (...) {
    active->run->cancel();
    result["error"] = engine::current_failure().message();
  }
  if (outcome == engine::step_outcome::fenced) over(active, *active->run->stopped().why());
  result["state"] = outcome == engine::step_outcome::ended ? "ended" : "stopped";
  done(static_cast<plugin::step_outcome>(outcome), result.dump());
}

void runtime::run_ended(std::string_view run_id) {
  const auto active = find(run_id);
  if (active == nullptr) {
    throw plugin::error(plugin::status::not_found, "SLU-6026",
                        "no run " + std::string(run_id) + " is under way here");
  }
  boost::asio::co_spawn(context_, drive_end(active), boost::asio::detached);
}

awaitable<void> runtime::drive_end(std::shared_ptr<active_run> active) {
  std::optional<failure> failed;
  try {
    co_await active->run->finish();
    const std::string id = active->run->identity().run_id;
    const auto row = co_await store_.call(engine::urgency::background,
                                          [&id](engine::session& s) { return s.show_run(id); });
    if (row && !active->tells_end) log_end(*row);
  } catch (...) {
    failed = engine::current_failure();
    const engine::run_identity& id = active->run->identity();
    setup_.log.write(observe::log_level::error,
                     {.correlation_id = id.correlation_id,
                      .tenant = id.tenant,
                      .run_id = id.run_id,
                      .code = failed->code()},
                     failed->message());
  }
  over(active, std::move(failed));
}

void runtime::log_end(const engine::run_row& row) {
  for (const engine::stage_row& s : row.stages) {
    if (s.state != engine::stage_state::failed) continue;
    setup_.log.write(observe::log_level::error,
                     {.correlation_id = row.correlation_id,
                      .tenant = row.tenant,
                      .run_id = row.run_id,
                      .code = s.error_code},
                     s.error, {{"stage", s.stage}, {"pages", s.pages}});
  }
  nlohmann::json fields{{"state", engine::to_string(row.state)},
                        {"duration_ms", (row.ended_us - row.created_us) / 1000}};
  if (!row.error.empty()) fields["error"] = row.error;
  if (row.state == engine::run_state::partial) add_why_partial(row, fields);
  const bool good = row.state == engine::run_state::succeeded;
  setup_.log.write_json(good ? observe::log_level::info : observe::log_level::warn,
                        {.correlation_id = row.correlation_id,
                         .tenant = row.tenant,
                         .run_id = row.run_id,
                         .code = row.error_code},
                        "run ended", fields.dump());
}

}  // namespace sluice::host
