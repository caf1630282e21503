// One run on virtual time, alone: what tests of a single rule of the engine play.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/run.hpp"
#include "world.hpp"

namespace sluice::sim {

// A store that answers after some time; 0: at once. `waits_us`: how long work waits for it, as it says.
class direct_gate final : public engine::store_port {
 public:
  direct_gate(engine::session& s, engine::clock_port& clock, std::int64_t takes_us = 0,
              std::int64_t waits_us = 0)
      : session_(s), clock_(clock), takes_us_(takes_us), waits_us_(waits_us) {}
  boost::asio::awaitable<void> execute(engine::turn, std::function<void(engine::session&)> work) override {
    if (takes_us_ > 0) co_await clock_.sleep(takes_us_, never_);
    work(session_);
  }
  [[nodiscard]] std::int64_t waits_us() const override { return waits_us_; }

 private:
  engine::session& session_;
  engine::clock_port& clock_;
  std::int64_t takes_us_, waits_us_;
  engine::stop_source never_;
};

// What runs one: where a reader and a gate get their time from.
struct one_run {
  explicit one_run(world& of) : w(of) {}

  // Starts the run, does these steps of its plan beside each other and ends it. Nothing: it stands still for ever.
  std::optional<engine::run_state> play(engine::session& session, engine::store_port& gate,
                                        engine::reader_port& reader, const engine::run_plan& plan,
                                        const std::string& run_id, const std::vector<std::string>& steps) {
    engine::run_request request;
    request.run_id = run_id, request.tenant = "acme", request.pipeline = "p", request.plan = "{}";
    const auto lease = session.start_run(request, [](const engine::holder&) { return false; });
    const auto run = std::make_shared<engine::run>(
        engine::run_identity{run_id, "acme", "p", "c", lease.epoch}, plan,
        engine::run_ports{gate, reader, clock, random, context.get_executor()}, engine::run_options{});
    run->start();
    std::optional<engine::run_state> state;
    std::size_t open = steps.size();
    for (const std::string& step : steps) {
      boost::asio::co_spawn(
          context,
          [&, step]() -> boost::asio::awaitable<void> {
            co_await run->run_step(step, {});
            if (--open == 0) state = co_await run->finish();
          },
          boost::asio::detached);
    }
    while (!state) {
      context.restart();
      if (context.poll() == 0 && !w.advance()) break;
    }
    return state;
  }

  world& w;
  boost::asio::io_context context{1};
  virtual_clock clock{w, context.get_executor()};
  virtual_random random{w};
};

}  // namespace sluice::sim
