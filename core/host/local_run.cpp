#include "host/local_run.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "host/plan_builder.hpp"
#include "host/process.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

// One run on its way: each step begins when those that it waits for have ended.
struct local_host::drive : std::enable_shared_from_this<local_host::drive> {
  drive(std::shared_ptr<engine::run> r, const local_ask& a, local_host& h)
      : run(std::move(r)), ask(a), host(h), changed(h.context_.get_executor()) {}

  awaitable<void> all() {
    const auto self = shared_from_this();
    run->start();
    boost::asio::co_spawn(
        host.context_, [self]() -> awaitable<void> { co_await self->watch_interrupts(); },
        boost::asio::detached);
    for (const engine::step_plan& step : run->plan().steps) {
      boost::asio::co_spawn(
          host.context_, [self, &step]() -> awaitable<void> { co_await self->one(step); },
          boost::asio::detached);
    }
    while (ended.size() < run->plan().steps.size()) co_await changed.wait();
    try {
      co_await run->finish();
    } catch (...) {
      failed = engine::current_failure();
    }
    over.stop(failure(failure_class::cancelled, "SLU-6001", "the run has ended"));
  }

  awaitable<void> one(const engine::step_plan& step) {
    const auto ready = [&] {
      return std::all_of(step.after.begin(), step.after.end(),
                         [&](const std::string& name) { return ended.contains(name); });
    };
    while (!ready()) co_await changed.wait();
    try {
      while (co_await run->run_step(step.name, ask.on_progress) == engine::step_outcome::yielded) {
      }
    } catch (...) {
      if (!failed) failed = engine::current_failure();
      run->cancel();
    }
    ended.insert(step.name);
    changed.notify();
  }

  awaitable<void> watch_interrupts() {
    constexpr std::int64_t look_again_us = 100'000;
    while (ask.cancelled && !over.stopped()) {
      co_await host.clock_.sleep(look_again_us, over);
      if (!over.stopped() && ask.cancelled()) co_return run->cancel();
    }
  }

  std::shared_ptr<engine::run> run;
  const local_ask& ask;
  local_host& host;
  engine::event changed;
  engine::stop_source over;
  std::set<std::string> ended;
  std::optional<failure> failed;
};

local_host::local_host(const local_setup& setup)
    : plain_services(setup.log, setup.secrets),
      setup_(setup),
      pool_(decoding_threads()),
      session_(setup_.store.open_session()),
      clock_(session_->now_us()),
      store_(setup_.store),
      reader_(std::make_unique<host::reader>(host::reader_setup{
          setup_.pipeline, setup_.catalog, setup_.loader, *this, context_.get_executor(), pool_, clock_})) {
  make_tables(setup_.pipeline, setup_.catalog, setup_.store, setup_.log, observe::log_level::debug);
}

local_host::~local_host() { pool_.join(); }

engine::run_request local_host::request_of(const local_ask& ask) {
  engine::run_request r =
      new_request(ask.tenant, setup_.pipeline.name, ask.scope, {}, clock_.now_us(), random_);
  r.manifest_hash = setup_.pipeline.hash;
  r.route_reason = ask.reason;
  r.mode = ask.mode;
  r.retry_of = ask.retry_of;
  r.plan = plan_to_json(ask.plan, {r.run_id, r.tenant, r.pipeline, r.correlation_id});
  return r;
}

engine::run_row local_host::execute(const local_ask& ask) {
  const engine::run_request request = request_of(ask);
  const engine::run_lease lease = session_->start_run(request, is_dead);
  if (lease.result == engine::run_lease::how::joined) {
    throw failure(failure_class::transient, "SLU-6050",
                  "run " + lease.run_id + " of this tenant does the same already (process " +
                      std::to_string(lease.held_by.pid) + " on " + lease.held_by.host +
                      "); wait for its end");
  }
  const engine::run_identity id{lease.run_id, ask.tenant, setup_.pipeline.name, lease.correlation_id,
                                lease.epoch};
  engine::run_plan plan = ask.plan;
  if (lease.result == engine::run_lease::how::took_over) {
    plan = plan_from_json(session_->show_run(lease.run_id)->plan, setup_.pipeline);
  }
  engine::reader_port& reader = ask.reader != nullptr ? *ask.reader : *reader_;
  engine::run_options options;
  options.on_wait = log_waits(setup_.log, id);
  const auto run = std::make_shared<engine::run>(
      id, std::move(plan), engine::run_ports{store_, reader, clock_, random_, context_.get_executor()},
      std::move(options));
  const auto driven = std::make_shared<drive>(run, ask, *this);
  context_.restart();
  boost::asio::co_spawn(context_, driven->all(), boost::asio::detached);
  context_.run();
  if (driven->failed) throw failure(*driven->failed);
  return std::move(*session_->show_run(lease.run_id));
}

}  // namespace sluice::host
