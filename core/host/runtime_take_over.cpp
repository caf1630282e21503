// Going on with a run whose host has died while somebody here waits for it.
#include <utility>

#include "host/process.hpp"
#include "host/runtime.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

using how = engine::run_lease::how;

namespace {

// By an id of its own: by that of the run, the store would take this for the question that began it, asked again,
// wherever another runtime of this process has had it. A run that has ended meanwhile is not begun anew.
void ask_anew(engine::run_request& request, std::string id) {
  request.run_id = std::move(id);
  request.unless_since_us = 1;
}

}  // namespace

void runtime::go_on_with(const std::string& run_id, std::int64_t& again_us) {
  foreign_run f;
  {
    const std::lock_guard lock(mutex_);
    const auto at = foreign_.find(run_id);
    if (at == foreign_.end()) return;
    f = at->second;
  }
  // Who holds it on this machine is looked at each time, which is cheap; the lease now and then.
  const std::int64_t now = clock_.steady_us();
  if (!is_dead(f.by) && now < again_us) return;
  again_us = now + setup_.lease_us / 2;
  ask_anew(f.request, observe::uuid_v7(clock_.now_us() / 1000, random_.next(), random_.next()));
  engine::run_lease lease;
  std::optional<engine::run_row> row;
  admitted place;
  try {
    place = admit(f.ask, f.request.backend, f.ask.urgency);
    lease = ask_store([&](engine::session& s) { return s.start_run(f.request, is_dead); });
    if (lease.result == how::took_over)
      row = ask_store([&](engine::session& s) { return s.show_run(lease.run_id); });
  } catch (const engine::failure& e) {
    // The store is away for a moment, or this host is full: whoever waits looks at it again.
    setup_.log.write(observe::log_level::debug, {.run_id = run_id, .code = e.code()}, e.message());
    return;
  }
  if (row) {
    if (f.ask.on_lease && lease.run_id == run_id) {
      f.ask.on_lease({run_id, lease.correlation_id, row->backend, row->route_reason, lease.result, {}});
    }
    f.request.backend = row->backend;
    f.request.route_reason = row->route_reason;
    launch(lease, f.request, plan_from_json(row->plan, setup_.pipeline), f.ask, std::move(place));
  }
  const std::lock_guard lock(mutex_);
  if (const auto at = foreign_.find(run_id); at != foreign_.end())
    at->second.by = lease.result == how::joined ? lease.held_by : this_process();
}

}  // namespace sluice::host
