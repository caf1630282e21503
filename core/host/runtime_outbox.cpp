// A run whose backend takes none at the moment: it is in the store already and waits here, until the backend is back
// or another one is to take it (`routing.when_unavailable`).
#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "host/runtime.hpp"
#include "observe/instant.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;

namespace {

constexpr std::int64_t second_us = 1'000'000;

plugin::error not_of(std::string_view run_id, const std::string& backend) {
  return {plugin::status::not_found, "SLU-6026",
          "run " + std::string(run_id) + " is not with backend `" + backend + "` any more"};
}

// What was said of a wait stands behind the reason, and is said anew.
const std::string wait_mark = "; waits for `";

std::string without_wait(const std::string& reason) { return reason.substr(0, reason.find(wait_mark)); }

}  // namespace

void runtime::begin_by(std::string_view run_id, const std::string& backend) {
  const auto active = find(run_id);
  const std::lock_guard lock(mutex_);
  if (active == nullptr) return;
  if (active->backend != backend) throw not_of(run_id, backend);
  active->begun = true;
}

std::string runtime::adopt_for(std::string_view run_id, const std::string& backend) {
  if (const auto active = find(run_id)) {
    const std::lock_guard lock(mutex_);
    if (!active->over && active->backend != backend) throw not_of(run_id, backend);
  }
  return adopt_by(run_id, backend);
}

bool runtime::claim(const std::shared_ptr<active_run>& active, const std::string& for_backend) {
  const std::lock_guard lock(mutex_);
  if (active->begun) return false;
  active->backend = for_backend;
  return true;
}

runtime::look runtime::look_at(const std::string& backend) {
  look out{backends_.at(backend)->health(), 0};
  out.away_us = backend_health_.note(setup_.pipeline.name, backend, out.why).value_or(0);
  return out;
}

void runtime::hand_over(const std::shared_ptr<active_run>& active, const std::string& plan) {
  outbox_entry entry{active, active->backend, plan, clock_.steady_us()};
  if (!look_at(entry.home).why) {
    entry.handed = true;
    backends_.at(entry.home)->start(active->run->identity().run_id, plan);
  }
  {
    const std::lock_guard lock(mutex_);
    if (active->begun) return;
    ++in_outbox_;
  }
  boost::asio::co_spawn(context_, stay_in_outbox(std::move(entry)), boost::asio::detached);
}

awaitable<void> runtime::stay_in_outbox(outbox_entry entry) {
  try {
    co_await wait_in_outbox(entry);
  } catch (...) {
    abandon(entry.active, engine::current_failure());
  }
  const std::lock_guard lock(mutex_);
  --in_outbox_;
  changed_.notify_all();
}

awaitable<void> runtime::wait_in_outbox(outbox_entry& e) {
  const auto rule = setup_.pipeline.routing.when_unavailable.find(e.home);
  const bool moves = rule != setup_.pipeline.routing.when_unavailable.end() && !rule->second.use.empty();
  const auto begun = [&] {
    const std::lock_guard lock(mutex_);
    return e.active->begun;
  };
  // Most have begun by the second look: the first pause is long enough for them, and nothing hangs on it.
  for (std::int64_t pause = second_us / 8; !begun() && !outbox_stop_.stopped();
       pause = std::min(2 * pause, second_us)) {
    const look now = look_at(e.home);
    if (e.active->run->stopped().stopped()) {
      if (co_await end_in_outbox(e, now.why.has_value())) co_return;
    } else if (!now.why && !e.handed) {
      co_await hand_over_late(e);
    } else if (now.why && moves && now.away_us >= rule->second.after_us) {
      co_return co_await move_to(e, rule->second.use, *now.why);
    } else if (now.why && !e.told && clock_.steady_us() - e.since_us >= second_us) {
      co_await tell_that_it_waits(e, *now.why);
    }
    co_await clock_.sleep(pause, outbox_stop_);
  }
}

awaitable<void> runtime::hand_over_late(outbox_entry& e) {
  const engine::run_identity& id = e.active->run->identity();
  if (e.told) {
    const std::int64_t waited_s = (clock_.steady_us() - e.since_us) / second_us;
    co_await tell_route(
        e, e.home, without_wait(e.active->reason) + "; it was waited for " + std::to_string(waited_s) + "s");
    setup_.log.write(observe::log_level::info,
                     {.correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id},
                     "backend `" + e.home + "` takes runs again; the run begins",
                     {{"event", "run.waits_no_more"}, {"waited_s", waited_s}});
  }
  e.handed = true;
  backends_.at(e.home)->start(id.run_id, e.plan);
}

awaitable<void> runtime::tell_that_it_waits(outbox_entry& e, const plugin::error& why) {
  const engine::run_identity& id = e.active->run->identity();
  e.told = true;
  co_await tell_route(e, e.home,
                      without_wait(e.active->reason) + wait_mark + e.home + "` since " +
                          observe::rfc3339(clock_.now_us() - (clock_.steady_us() - e.since_us)) + ": " +
                          why.code() + " " + why.message());
  setup_.log.write(
      observe::log_level::warn,
      {.correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id, .code = why.code()},
      "the run waits for backend `" + e.home + "`: " + why.message(), {{"event", "run.waits"}});
}

awaitable<void> runtime::move_to(outbox_entry& e, const std::string& other, const plugin::error& why) {
  const engine::run_identity& id = e.active->run->identity();
  if (!claim(e.active, other)) co_return;
  co_await tell_route(e, other,
                      without_wait(e.active->reason) + "; `" + e.home + "` takes no runs (" + why.code() +
                          " " + why.message() + "): `when_unavailable`");
  setup_.log.write(
      observe::log_level::warn,
      {.correlation_id = id.correlation_id, .tenant = id.tenant, .run_id = id.run_id, .code = why.code()},
      "the run goes to backend `" + other + "`, since `" + e.home + "` takes none: " + why.message(),
      {{"event", "run.moved"}});
  backends_.at(other)->start(id.run_id, e.plan);
  if (e.handed) backends_.at(e.home)->cancel(id.run_id);
}

// True: it is over here. What somebody has cancelled ends here unless its backend does that.
awaitable<bool> runtime::end_in_outbox(outbox_entry& e, bool away) {
  constexpr std::int64_t backend_takes_us = 5 * second_us;
  const failure why = *e.active->run->stopped().why();
  if (engine::leaves_open(why)) {
    if (!outbox_stop_.stopped()) abandon(e.active, why);
    co_return true;
  }
  if (e.stopped_us == 0) e.stopped_us = clock_.steady_us();
  if (e.handed && !away && clock_.steady_us() - e.stopped_us < backend_takes_us) co_return false;
  if (!claim(e.active, {})) co_return true;
  if (e.handed) backends_.at(e.home)->cancel(e.active->run->identity().run_id);
  co_await drive_end(e.active);
  co_return true;
}

awaitable<void> runtime::tell_route(outbox_entry& e, const std::string& backend, std::string reason) {
  const engine::run_identity& id = e.active->run->identity();
  for (std::int64_t pause = second_us / 10;; pause = std::min(2 * pause, 5 * second_us)) {
    std::optional<failure> failed;
    try {
      co_await store_.execute({engine::urgency::essential, id.tenant},
                              [&](engine::session& s) { s.reroute(id.run_id, id.epoch, backend, reason); });
      co_return;
    } catch (const failure& f) {
      failed.emplace(f);
    }
    if (!failed->retryable() || outbox_stop_.stopped()) throw failure(*failed);
    co_await clock_.sleep(pause, outbox_stop_);
  }
}

}  // namespace sluice::host
