#include "host/service.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

#include "host/process.hpp"
#include "host/route.hpp"
#include "host/schedule.hpp"

namespace sluice::host {
using engine::failure;
using observe::log_level;

namespace {
constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t dead_every = 2 * second, old_every = 3'600 * second, tend_every = second;
constexpr std::size_t due_at_once = 200;
}  // namespace

void service::event(log_level level, const observe::log_context& about, const char* name,
                    const std::string& text) {
  setup_.log.write(level, about, text, {{"event", name}});
}

std::vector<served_pipeline> service::pipelines() const {
  const std::lock_guard lock(served_mutex_);
  std::vector<served_pipeline> out;
  for (const auto& s : served_) out.push_back({s->file, {s, s->pipeline.get()}, {s, s->engine.get()}});
  return out;
}

std::map<std::string, std::string> service::stale() const {
  const std::lock_guard lock(served_mutex_);
  return stale_;
}

bool service::has(const std::string& run_id) {
  const auto there = [&](const auto& s) { return s->engine->has(run_id); };
  return std::any_of(served_.begin(), served_.end(), there) ||
         std::any_of(retired_.begin(), retired_.end(), there);
}

void service::with_session(const std::function<void(engine::session&)>& work) {
  try {
    if (!session_) session_ = store_->open_session();
    work(*session_);
    if (std::exchange(away_, false)) event(log_level::info, {}, "store.back", "the store is back");
  } catch (...) {
    const failure f = engine::current_failure();
    session_.reset();
    const bool said = f.retryable() && std::exchange(away_, true);
    if (!said) event(log_level::warn, {.code = f.code()}, "store.away", f.message() + "; it is tried again");
  }
}

std::chrono::microseconds service::tick() {
  const std::int64_t now = clock_->steady_us();
  std::int64_t next = now + tend_every;
  const auto when = [&](std::int64_t& at, std::int64_t again, const std::function<void()>& work) {
    if (at <= now) {
      work();
      at = clock_->steady_us() + again;
    }
    next = std::min(next, at);
  };
  for (const auto& s : served_) s->engine->tend();
  for (const auto& s : retired_) s->engine->tend();
  std::erase_if(retired_, [](const auto& s) { return s->engine->open_runs() == 0; });
  when(dead_us_, dead_every, [&] { look_for_dead(); });
  for (const auto& s : served_) {
    if (s->pipeline->every_us == 0) continue;
    when(s->look_us, look_again_us(s->pipeline->every_us, host_), [&] { look_for_due(*s); });
  }
  when(old_us_, old_every * 3 / 4 + static_cast<std::int64_t>(random_.next() % (old_every / 2)),
       [&] { look_for_old(); });
  when(alerts_us_, 4 * second + static_cast<std::int64_t>(random_.next() % (2 * second)),
       [&] { look_at_alerts(); });
  return std::chrono::microseconds(std::max<std::int64_t>(0, next - clock_->steady_us()));
}

void service::look_for_dead() {
  for (const auto& s : served_) {
    with_session([&](engine::session& session) {
      for (const engine::open_run& run : session.list_open_runs(s->pipeline->name)) {
        if ((run.expired || is_dead(run.by)) && !has(run.run_id)) take_over(*s, run);
      }
    });
  }
  std::erase_if(refused_,
                [&](const auto& r) { return r.second.next_us + 3'600 * second < clock_->steady_us(); });
}

void service::take_over(served& in, const engine::open_run& run) {
  later& again = refused_[run.run_id];
  if (again.next_us > clock_->steady_us()) return;
  run_ask ask{run.tenant};
  ask.urgency = engine::urgency::background;
  ask.unless_since_us = 1;  // it may have ended by now: then nothing is begun
  try {
    if (const std::string subject = subject_of(run.scope); !subject.empty()) {
      ask.part = run_part::subject;
      ask.subject = subject;
    }
    if (in.engine->start(ask).how == engine::run_lease::how::took_over) refused_.erase(run.run_id);
  } catch (...) {
    const failure f = engine::current_failure();
    again.wait_us = std::clamp(again.wait_us * 2, 10 * second, 600 * second);
    again.next_us = clock_->steady_us() + again.wait_us;
    event(log_level::warn, {.tenant = run.tenant, .run_id = run.run_id, .code = f.code()},
          "run.not_taken_over", "the run is open and can't be taken over: " + f.message());
  }
}

void service::look_for_due(served& in) {
  with_session([&](engine::session& session) {
    const int room = door_->background_room();
    if (room <= 0) return;
    const auto at_once = std::min(due_at_once, static_cast<std::size_t>(room));
    // Those whose tenants the manifest has forgotten count too: they don't keep others from their turn for long.
    for (const auto& tenant : due_now(session, in.pipeline->name, in.pipeline->every_us, at_once)) {
      if (!start_due(in, tenant)) return;
    }
  });
}

// False: there is no point in going on with others.
bool service::start_due(served& in, const engine::due_tenant& tenant) {
  const auto& known = in.pipeline->tenants;
  if (!known.open && !known.known.contains(tenant.tenant)) return true;
  run_ask ask{tenant.tenant};
  ask.urgency = engine::urgency::background;
  ask.unless_since_us = tenant.last_us + 1;  // another host may have been faster
  try {
    const run_answer answer = in.engine->start(ask);
    if (answer.how == engine::run_lease::how::started) {
      event(log_level::info,
            {.correlation_id = answer.correlation_id, .tenant = tenant.tenant, .run_id = answer.run_id},
            "every.started", "synced again: `every` of " + in.pipeline->name);
    }
    return true;
  } catch (...) {
    const failure f = engine::current_failure();
    event(log_level::warn, {.tenant = tenant.tenant, .code = f.code()}, "every.not_started", f.message());
    return !f.retryable();
  }
}

engine::retention_result service::retain(const engine::retention_request& request) {
  boost::asio::io_context here;
  engine::retention_result out;
  std::exception_ptr failed;
  boost::asio::co_spawn(
      here,
      [&]() -> boost::asio::awaitable<void> {
        out = co_await jobs_->call(engine::urgency::background,
                                   [&](engine::session& s) { return s.retain(request); });
      },
      [&](std::exception_ptr e) { failed = e; });
  here.run();
  if (failed) std::rethrow_exception(failed);
  return out;
}

void service::log_removed(const retention_counts& counts) {
  if (counts.empty()) return;
  nlohmann::json fields{{"event", "retention.removed"}};
  for (const auto& [table, n] : counts) fields[table] = n;
  setup_.log.write_json(log_level::info, {}, "removed what is older than the host file keeps", fields.dump());
}

// On a thread of its own: each batch waits behind the runs' work.
void service::look_for_old() {
  if (retaining_.valid() && retaining_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  retaining_ = std::async(std::launch::async, [this] {
    try {
      log_removed(run_retention(
          setup_.settings.retention, [this](const auto& r) { return retain(r); },
          [this] { return leaving_.load(); }));
    } catch (...) {
      const failure f = engine::current_failure();
      event(log_level::warn, {.code = f.code()}, "retention.failed",
            f.message() + "; it is tried again in an hour");
    }
  });
}

void service::leave() {
  leaving_ = true;
  for (const auto& s : served_) s->engine->leave();
  for (const auto& s : retired_) s->engine->leave();
}

service::~service() {
  leave();
  for (std::future<void>* at_work : {&retaining_, &watching_})
    if (at_work->valid()) at_work->wait();
  retired_.clear();
  served_.clear();
}
}  // namespace sluice::host
