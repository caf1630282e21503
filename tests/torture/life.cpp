#include "torture/life.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/event.hpp"
#include "engine/run.hpp"
#include "store/harness.hpp"

namespace sluice::torture {

using boost::asio::awaitable;

namespace {

// Time that moves only when nothing else can happen.
class idle_clock final : public engine::clock_port {
 public:
  explicit idle_clock(boost::asio::any_io_executor on) : executor_(std::move(on)) {}
  [[nodiscard]] std::int64_t now_us() const override { return now_us_; }
  [[nodiscard]] std::int64_t steady_us() const override { return now_us_; }

  awaitable<void> sleep(std::int64_t us, engine::stop_source& stop) override {
    engine::event wake(executor_);
    const auto subscription = stop.on_stop([&] { wake.notify(); });
    const std::int64_t due = now_us_ + us;
    struct entry {
      entry(idle_clock& c, std::int64_t at, engine::event& e) : in(c), place(c.sleepers_.emplace(at, &e)) {}
      ~entry() { in.sleepers_.erase(place); }
      idle_clock& in;
      std::multimap<std::int64_t, engine::event*>::iterator place;
    } sleeping(*this, due, wake);
    while (now_us_ < due && !stop.stopped()) co_await wake.wait();
  }

  // To when the next sleeper wakes. False: nobody sleeps.
  bool advance() {
    if (sleepers_.empty()) return false;
    now_us_ = last_us_ = std::max(now_us_, sleepers_.begin()->first);
    sleepers_.begin()->second->notify();
    return true;
  }

 private:
  // Stores with a clock of their own compare it with this one, so that it starts from today. What an earlier
  // life slept through has passed for the later ones too.
  static std::int64_t start_us() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::max(last_us_ + 1,
                    std::int64_t{std::chrono::duration_cast<std::chrono::microseconds>(now).count()});
  }
  boost::asio::any_io_executor executor_;
  inline static std::int64_t last_us_ = 0;
  std::int64_t now_us_ = start_us();
  std::multimap<std::int64_t, engine::event*> sleepers_;
};

class seeded_random final : public engine::random_port {
 public:
  explicit seeded_random(int seed) : generator_(static_cast<std::uint64_t>(seed)) {}
  [[nodiscard]] std::uint64_t next() override { return generator_(); }

 private:
  std::mt19937_64 generator_;
};

class gate final : public engine::store_port {
 public:
  gate(engine::session& s, idle_clock& c) : session_(s), clock_(c) {}
  awaitable<void> execute(engine::turn, std::function<void(engine::session&)> work) override {
    co_await clock_.sleep(100, never_);
    work(session_);
  }

 private:
  engine::session& session_;
  idle_clock& clock_;
  engine::stop_source never_;
};

class host {
 public:
  host(engine::session& store, int number, int version, const faults& f)
      : number_(number),
        clock_(context_.get_executor()),
        random_(number),
        world_(clock_, version, f.source),
        session_(store,
                 [this, &f](const char* name) {
                   const int n = out_.calls++;
                   return f.store ? f.store(n, name) : testing::fault::none;
                 }),
        gate_(session_, clock_) {}

  outcome play() {
    boost::asio::co_spawn(context_, main(), boost::asio::detached);
    const std::int64_t began_us = clock_.now_us();
    for (;;) {
      context_.restart();
      while (context_.poll() > 0) context_.restart();
      if (!clock_.advance()) break;
      if (clock_.now_us() - began_us > 3LL * 3'600'000'000) break;
    }
    if (!done_) out_.broken = "it hangs: nothing can happen any more and it has not ended";
    if (done_ && !run_.expired()) out_.broken = "a coroutine of the run is left over";
    out_.reads = world_.reads();
    return out_;
  }

 private:
  [[nodiscard]] engine::run_request request() const {
    engine::run_request r;
    r.run_id = testing::run_id(number_);
    r.tenant = "acme";
    r.pipeline = "torture";
    r.correlation_id = "sync-acme-" + std::to_string(number_);
    r.backend = "direct";
    r.mode = "full";
    r.plan = R"({"steps": [], "stages": []})";
    r.by = {"host", "boot", number_, number_};
    return r;
  }

  static engine::run_options options() {
    engine::run_options o;
    o.deadline_us = 600'000'000;  // who is told to wait for good waits until then
    return o;
  }

  awaitable<void> main() {
    try {
      co_await drive();
    } catch (...) {
      out_.failed = engine::current_failure();
    }
    done_ = true;
  }

  awaitable<void> drive() {
    const auto lease = co_await gate_.call(engine::urgency::essential, [this](engine::session& s) {
      return s.start_run(request(), [this](const engine::holder& h) { return h.pid != number_; });
    });
    out_.run_id = lease.run_id;
    const auto run = std::make_shared<engine::run>(
        engine::run_identity{lease.run_id, "acme", "torture", lease.correlation_id, lease.epoch},
        small_world::plan(), engine::run_ports{gate_, world_, clock_, random_, context_.get_executor()},
        options());
    run_ = run;
    run->start();
    // One after the other, as their phases say anyhow; a step that yields is asked for again.
    for (const engine::step_plan& step : run->plan().steps) {
      auto went = engine::step_outcome::yielded;
      while (went == engine::step_outcome::yielded) went = co_await run->run_step(step.name, {});
    }
    out_.state = co_await run->finish();
  }

  int number_;
  outcome out_;
  bool done_ = false;
  boost::asio::io_context context_{1};
  idle_clock clock_;
  seeded_random random_;
  small_world world_;
  testing::faulty_session session_;
  gate gate_;
  std::weak_ptr<engine::run> run_;
};

}  // namespace

outcome live(engine::session& store, int number, int version, const faults& f) {
  return host(store, number, version, f).play();
}

}  // namespace sluice::torture
