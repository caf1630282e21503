#include "host.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace sluice::sim {

using boost::asio::awaitable;
using engine::failure;

namespace {

constexpr int tries = 60;  // of a call on behalf of a caller who waits

}  // namespace

struct host::progress {
  explicit progress(const boost::asio::any_io_executor& on) : changed(on) {}
  engine::event changed;
  std::set<std::string> begun, ended;
  bool fenced = false;
};

host::host(surroundings around, caller who)
    : around_(around),
      who_(who),
      self_{around.drawn.same_machine ? "sim" : "sim-" + std::to_string(who.host), "boot-1", who.process,
            who.process},
      clock_(around.time, context_->get_executor(),
             around.drawn.hosts.clock_off_us == 0
                 ? 0
                 : around.time.between(-around.drawn.hosts.clock_off_us, around.drawn.hosts.clock_off_us)),
      random_(around.time),
      upstream_(around.time, clock_, around.data, around.drawn, around.now, around.seen, around.watch, who),
      gate_(around.time, around.store, context_->get_executor(), around.drawn, around.now, around.seen,
            around.watch, who) {
  gate_.set_wall_clock(around.time.between(-around.drawn.hosts.wall_off_us, around.drawn.hosts.wall_off_us));
  spawn(look_after_open_runs());
  if (around.drawn.retain_every_us > 0) spawn(clean_up());
}

void host::spawn(awaitable<void> w) { boost::asio::co_spawn(*context_, std::move(w), boost::asio::detached); }

void host::ask(wish w) { spawn(serve(std::move(w))); }

void host::cancel(const std::string& run_id) {
  spawn(repeat([run_id](engine::session& s) { s.request_cancel(run_id); }));
}

void host::approve(const std::string& run_id) {
  spawn(repeat([run_id](engine::session& s) { s.approve(run_id); }));
}

void host::leave() {
  leaving_ = true;
  leave_.stop(failure(engine::failure_class::cancelled, "SLU-6001", "leaving"));
  for (const auto& [id, weak] : runs_) {
    if (const auto run = weak.lock()) run->leave();
  }
}

awaitable<void> host::repeat(std::function<void(engine::session&)> work) {
  for (int i = 0; i < tries && !leaving_; ++i) {
    try {
      co_await gate_.execute(engine::urgency::essential, work);
      co_return;
    } catch (const failure& f) {
      if (!f.retryable()) co_return;  // told to the one who asked
    }
    co_await clock_.sleep(1'000'000, leave_);
  }
}

awaitable<std::optional<engine::run_lease>> host::start(wish w) {
  const auto u = engine::urgency::essential;
  std::optional<engine::run_plan> plan;
  for (int i = 0; i < tries && !leaving_; ++i) {
    try {
      if (!plan) {
        const auto marks =
            co_await gate_.call(u, [&](engine::session& s) { return s.watermarks("acme", w.pipeline); });
        plan = make_plan(w, around_.drawn, marks);
        around_.plans.emplace(w.run_id, *plan);
      }
      engine::run_request r;
      r.run_id = w.run_id;
      r.tenant = "acme";
      r.pipeline = w.pipeline;
      r.scope = w.scope;
      r.correlation_id = "sync-" + w.run_id;
      r.backend = "sim";
      r.plan = plan_text(*plan);
      r.by = self_;
      co_return co_await gate_.call(u, [&](engine::session& s) {
        return s.start_run(
            r, [this](const engine::holder& h) { return h.host == self_.host && !around_.seen.alive(h); });
      });
    } catch (const failure& f) {
      if (!f.retryable()) co_return std::nullopt;
    }
    co_await clock_.sleep(1'000'000, leave_);
  }
  co_return std::nullopt;
}

awaitable<void> host::serve(wish w) {
  const bool here = std::any_of(busy_.begin(), busy_.end(),
                                [&](const auto& b) { return b.second == w.pipeline + "/" + w.scope; });
  if (here) co_return;
  const auto lease = co_await start(w);
  // Who joins goes away again: open runs are looked after.
  if (!lease || lease->result == engine::run_lease::how::joined || leaving_) co_return;
  co_await work_on(*lease, w.pipeline, w.scope);
}

awaitable<void> host::work_on(engine::run_lease lease, std::string pipeline, std::string scope) {
  // The question that began the run, asked again, is answered with the lease that this host has by now.
  if (const auto at = runs_.find(lease.run_id); at != runs_.end()) {
    const auto mine = at->second.lock();
    if (mine && mine->identity().epoch == lease.epoch) co_return;
  }
  const engine::run_identity id{lease.run_id, "acme", pipeline, lease.correlation_id, lease.epoch};
  auto run = std::make_shared<engine::run>(
      id, around_.plans.at(lease.run_id),
      engine::run_ports{gate_, upstream_, clock_, random_, context_->get_executor()}, around_.drawn.engine);
  run->start();
  runs_[lease.run_id] = run;
  busy_[lease.run_id] = pipeline + "/" + scope;
  if (leaving_) run->leave();
  try {
    co_await drive(run);
    co_await run->finish();
  } catch (const failure& f) {
    around_.time.note("run " + lease.run_id + " is left: " + f.code() + " " + f.message(), who_.host);
  }
  if (const auto at = runs_.find(lease.run_id); at != runs_.end() && at->second.lock() == run) {
    runs_.erase(at);
    busy_.erase(lease.run_id);
  }
}

void host::begin_steps(const std::shared_ptr<engine::run>& run, const std::shared_ptr<progress>& p) {
  if (p->fenced) return;
  for (const engine::step_plan& step : run->plan().steps) {
    const bool may = std::all_of(step.after.begin(), step.after.end(),
                                 [&](const std::string& name) { return p->ended.contains(name); });
    if (!may || !p->begun.insert(step.name).second) continue;
    boost::asio::co_spawn(
        *context_,
        [](std::shared_ptr<engine::run> r, std::string name,
           std::shared_ptr<progress> at) -> awaitable<void> {
          auto outcome = engine::step_outcome::yielded;
          while (outcome == engine::step_outcome::yielded) outcome = co_await r->run_step(name, {});
          at->fenced = at->fenced || outcome == engine::step_outcome::fenced;
          at->ended.insert(name);
          at->changed.notify();
        }(run, step.name, p),
        boost::asio::detached);
  }
}

awaitable<void> host::drive(std::shared_ptr<engine::run> run) {
  const auto p = std::make_shared<progress>(context_->get_executor());
  for (;;) {
    begin_steps(run, p);
    const bool quiet = p->begun.size() == p->ended.size();
    if (quiet && (p->fenced || p->ended.size() == run->plan().steps.size())) co_return;
    co_await p->changed.wait();
  }
}

}  // namespace sluice::sim
