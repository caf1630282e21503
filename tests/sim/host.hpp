// One simulated host: takes the run, or takes it over, drives its steps and finishes it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "engine/run.hpp"
#include "support/faulty_session.hpp"
#include "upstream.hpp"
#include "world.hpp"

namespace sluice::sim {

struct store_faults {
  double before = 0, after = 0;
  std::int64_t delay_us = 50'000;
};

// Called after every store call that took effect, with its name: where invariants are checked.
using watch_fn = std::function<void(const char* call)>;

class store_gate final : public engine::store_port {
 public:
  store_gate(world& w, engine::session& inner, engine::clock_port& clock, store_faults faults, watch_fn watch)
      : world_(w),
        clock_(clock),
        faults_(faults),
        watch_(std::move(watch)),
        session_(inner, [this](const char* call) { return draw(call); }) {}

  boost::asio::awaitable<void> execute(engine::urgency, std::function<void(engine::session&)> work) override;

 private:
  testing::fault draw(const char* call);

  world& world_;
  engine::clock_port& clock_;
  store_faults faults_;
  watch_fn watch_;
  engine::stop_source never_;
  const char* last_call_ = "";
  testing::faulty_session session_;
};

struct host_setup {
  engine::run_request request;
  engine::run_plan plan;
  engine::run_options options;
  upstream_shape shape;
  upstream_faults upstream;
  store_faults store;
  watch_fn watch;
  std::function<bool(const engine::holder&)> dead;
};

// Owns the io_context: destroying the host is its crash.
class host {
 public:
  host(world& w, engine::session& store, host_setup setup);
  // The coroutines die first, as they refer to everything else.
  ~host() { context_.reset(); }

  // Runs one ready handler. False: nothing is ready.
  bool step() { return context_->poll_one() > 0 || (context_->restart(), context_->poll_one() > 0); }
  // An orderly end: the run stays open, and all coroutines come to their ends.
  void leave();
  // True once step() has found nothing ready and nothing is waited for.
  [[nodiscard]] bool ended() const { return context_->stopped(); }
  [[nodiscard]] const std::optional<engine::run_state>& state() const noexcept { return state_; }
  [[nodiscard]] const std::set<std::string>& gone() const noexcept { return upstream_.gone(); }
  [[nodiscard]] const std::string& run_id() const noexcept { return run_id_; }

 private:
  boost::asio::awaitable<void> main();
  boost::asio::awaitable<bool> drive(std::shared_ptr<engine::run> run);
  boost::asio::awaitable<bool> drive_phase(std::shared_ptr<engine::run> run, engine::phase ph);

  world& world_;
  host_setup setup_;
  std::optional<engine::run_state> state_;
  std::string run_id_;
  std::weak_ptr<engine::run> run_;
  bool leaving_ = false;
  std::optional<boost::asio::io_context> context_{1};
  virtual_clock clock_;
  virtual_random random_;
  upstream upstream_;
  store_gate gate_;
};

}  // namespace sluice::sim
