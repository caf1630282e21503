// What a host does beside its runs: it looks after those that nobody has, and removes what is old.
#include "host.hpp"

namespace sluice::sim {

using boost::asio::awaitable;
using engine::failure;
using kind = engine::retention_request::kind;

namespace {

constexpr std::int64_t look_every_us = 15'000'000;
// Longer than any request of a run that has ended may still be under way.
constexpr std::int64_t least_age_of_runs_us = 240'000'000;

}  // namespace

awaitable<void> host::look_after_open_runs() {
  while (!leaving_) {
    co_await clock_.sleep(around_.time.between(1, look_every_us), leave_);
    if (leaving_) co_return;
    try {
      co_await take_over_others();
    } catch (const failure&) {
      continue;  // the next look tries again
    }
  }
}

awaitable<void> host::take_over_others() {
  std::vector<engine::run_row> open;
  co_await gate_.execute(engine::urgency::background, [&](engine::session& s) {
    open.clear();
    for (const char* state : {"queued", "running"}) {
      for (engine::run_row& r : s.list_runs({"acme", state, {}})) open.push_back(std::move(r));
    }
  });
  for (const engine::run_row& r : open) {
    if (leaving_) co_return;
    if (busy_.contains(r.run_id)) continue;
    wish same{around_.new_run_id(), r.pipeline,
              r.scope};  // not a temporary: g++ 12 ends those of a co_await twice
    const auto lease = co_await start(std::move(same));
    if (lease && lease->result != engine::run_lease::how::joined) spawn(work_on(*lease, r.pipeline, r.scope));
  }
}

engine::retention_request host::draw_retention(kind what) {
  engine::retention_request ask;
  ask.what = what;
  ask.age_us = around_.time.between(0, around_.drawn.retain_age_us);
  if (ask.what == kind::runs) ask.age_us += least_age_of_runs_us;
  ask.limit = static_cast<int>(around_.time.between(1, 40));
  return ask;
}

awaitable<void> host::clean_up() {
  while (!leaving_) {
    co_await clock_.sleep(around_.time.between(1'000'000, 2 * around_.drawn.retain_every_us), leave_);
    for (const kind what : {kind::ledger, kind::rejects, kind::tombstones, kind::runs}) {
      try {
        engine::retention_request ask = draw_retention(what);
        co_await remove(std::move(ask));
      } catch (const failure&) {
        break;  // the next time is soon enough
      }
    }
  }
}

awaitable<void> host::remove(engine::retention_request ask) {
  for (bool more = true; more && !leaving_ && around_.now.retention;) {
    const auto done =
        co_await gate_.call(engine::urgency::background, [&](engine::session& s) { return s.retain(ask); });
    ask.after = done.after;
    more = done.more;
  }
}

}  // namespace sluice::sim
