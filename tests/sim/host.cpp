#include "host.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace sluice::sim {

using boost::asio::awaitable;

testing::fault store_gate::draw(const char* call) {
  last_call_ = call;
  if (world_.chance(faults_.before)) return testing::fault::before;
  if (world_.chance(faults_.after)) return testing::fault::after;
  return testing::fault::none;
}

awaitable<void> store_gate::execute(engine::urgency, std::function<void(engine::session&)> work) {
  co_await clock_.sleep(world_.between(100, faults_.delay_us), never_);
  std::exception_ptr failed;
  try {
    work(session_);
  } catch (const engine::failure&) {
    failed = std::current_exception();
  }
  for (const char* c = last_call_; *c != '\0'; ++c) world_.note(static_cast<std::uint64_t>(*c));
  world_.note(static_cast<std::uint64_t>(world_.now_us()));
  watch_(last_call_);
  // The answer travels too: a crash here loses it although the work is done.
  co_await clock_.sleep(world_.between(100, faults_.delay_us), never_);
  if (failed) std::rethrow_exception(failed);
}

host::host(world& w, engine::session& store, host_setup setup)
    : world_(w),
      setup_(std::move(setup)),
      clock_(w, context_->get_executor()),
      random_(w),
      upstream_(w, clock_, setup_.shape, setup_.upstream),
      gate_(w, store, clock_, setup_.store, setup_.watch) {
  boost::asio::co_spawn(*context_, main(), boost::asio::detached);
}

void host::leave() {
  leaving_ = true;
  if (const auto run = run_.lock()) run->leave();
}

awaitable<void> host::main() {
  engine::stop_source never;
  while (!leaving_) {
    std::optional<engine::run_lease> lease;
    try {
      // The host before may have died between the end of the run and hearing of it.
      const auto before = co_await gate_.call(engine::urgency::essential, [this](engine::session& s) {
        return s.show_run(setup_.request.run_id);
      });
      if (before && engine::is_terminal(before->state)) {
        state_ = before->state;
        co_return;
      }
      lease = co_await gate_.call(engine::urgency::essential, [this](engine::session& s) {
        return s.start_run(setup_.request, setup_.dead);
      });
    } catch (const engine::failure&) {
      lease.reset();
    }
    if (lease && lease->result != engine::run_lease::how::joined) {
      run_id_ = lease->run_id;
      const engine::run_identity id{lease->run_id, setup_.request.tenant, setup_.request.pipeline,
                                    lease->correlation_id, lease->epoch};
      auto run = std::make_shared<engine::run>(
          id, setup_.plan, engine::run_ports{gate_, upstream_, clock_, random_, context_->get_executor()},
          setup_.options);
      run->start();
      run_ = run;
      if (leaving_) run->leave();
      if (co_await drive(std::move(run))) co_return;
    }
    co_await clock_.sleep(1'000'000, never);
  }
}

awaitable<bool> host::drive(std::shared_ptr<engine::run> run) {
  if (!co_await drive_phase(run, engine::phase::essential)) co_return false;
  if (!co_await drive_phase(run, engine::phase::background)) co_return false;
  try {
    state_ = co_await run->finish();
  } catch (const engine::failure&) {
    co_return false;
  }
  co_return true;
}

awaitable<bool> host::drive_phase(std::shared_ptr<engine::run> run, engine::phase ph) {
  struct progress {
    explicit progress(const boost::asio::any_io_executor& on) : changed(on) {}
    engine::event changed;
    int open = 0;
    bool fenced = false;
  };
  const auto shared = std::make_shared<progress>(context_->get_executor());
  for (const engine::step_plan& step : run->plan().steps) {
    if (step.phase != ph) continue;
    ++shared->open;
    boost::asio::co_spawn(
        *context_,
        [](std::shared_ptr<engine::run> r, std::string name, std::shared_ptr<progress> p) -> awaitable<void> {
          engine::step_outcome outcome = engine::step_outcome::yielded;
          while (outcome == engine::step_outcome::yielded) outcome = co_await r->run_step(name, {});
          p->fenced = p->fenced || outcome == engine::step_outcome::fenced;
          --p->open;
          p->changed.notify();
        }(run, step.name, shared),
        boost::asio::detached);
  }
  while (shared->open > 0) co_await shared->changed.wait();
  co_return !shared->fenced;
}

}  // namespace sluice::sim
