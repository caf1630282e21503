// One process of one simulated host: it is asked for runs, drives their steps, finishes them, and
// looks after open runs whose holder is gone.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>

#include "engine/run.hpp"
#include "gate.hpp"
#include "plan.hpp"

namespace sluice::sim {

// What all hosts share.
struct surroundings {
  world& time;
  testing::memory_store& store;
  directory& data;
  const options& drawn;
  const weather& now;
  scene& seen;
  const checkers& watch;
  std::map<std::string, engine::run_plan>& plans;  // what stands as JSON in the store, by run
  std::function<std::string()> new_run_id;
};

// Owns the io_context: destroying the host is its crash.
class host {
 public:
  host(surroundings around, caller who);
  // The coroutines die first, as they refer to everything else.
  ~host() { context_.reset(); }

  // Runs one ready handler. False: nothing is ready.
  bool step() {
    if (context_->stopped()) context_->restart();
    return context_->poll_one() > 0;
  }
  void ask(wish w);
  void cancel(const std::string& run_id);
  void approve(const std::string& run_id);
  // An orderly end: its runs stay open, and all coroutines come to their ends.
  void leave();
  // True once step() has found nothing ready and nothing is waited for.
  [[nodiscard]] bool ended() const { return context_->stopped(); }
  [[nodiscard]] bool leaving() const noexcept { return leaving_; }
  [[nodiscard]] int under_way() const noexcept { return gate_.under_way(); }
  [[nodiscard]] const caller& who() const noexcept { return who_; }

 private:
  struct progress;
  void spawn(boost::asio::awaitable<void> work);
  boost::asio::awaitable<void> serve(wish w);
  boost::asio::awaitable<void> look_after_open_runs();
  boost::asio::awaitable<void> take_over_others();
  boost::asio::awaitable<void> clean_up();
  boost::asio::awaitable<void> remove(engine::retention_request ask);
  engine::retention_request draw_retention(enum engine::retention_request::kind what);
  boost::asio::awaitable<std::optional<engine::run_lease>> start(wish w);
  boost::asio::awaitable<void> work_on(engine::run_lease lease, std::string pipeline, std::string scope);
  boost::asio::awaitable<void> drive(std::shared_ptr<engine::run> run);
  void begin_steps(const std::shared_ptr<engine::run>& run, const std::shared_ptr<progress>& p);
  boost::asio::awaitable<void> repeat(std::function<void(engine::session&)> work);

  surroundings around_;
  caller who_;
  engine::holder self_;
  std::optional<boost::asio::io_context> context_{1};
  virtual_clock clock_;
  virtual_random random_;
  upstream upstream_;
  store_gate gate_;
  engine::stop_source leave_;
  bool leaving_ = false;
  std::map<std::string, std::weak_ptr<engine::run>> runs_;
  std::map<std::string, std::string> busy_;  // runs that it works on, with their pipeline and scope
};

}  // namespace sluice::sim
