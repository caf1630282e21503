// Virtual time and chance for the simulation. Everything that happens in it is decided by one seed.
//
// Each host has its own io_context, polled one handler at a time; time moves only when no host has
// a handler ready. A crash destroys the host's io_context, and with it every coroutine of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "engine/event.hpp"
#include "engine/ports.hpp"

namespace sluice::sim {

class world {
 public:
  explicit world(std::uint64_t seed) : rng_(seed) {}

  [[nodiscard]] std::int64_t now_us() const noexcept { return now_us_; }
  [[nodiscard]] std::uint64_t draw() { return rng_(); }
  // True with the given probability.
  [[nodiscard]] bool chance(double p) { return static_cast<double>(rng_() >> 11U) * 0x1p-53 < p; }
  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(rng_() % static_cast<std::uint64_t>(high - low + 1));
  }
  // Folds an event into the trace: two runs of one seed must give the same trace.
  void note(std::uint64_t x) { trace_ = (trace_ ^ x) * 1099511628211ULL; }
  [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }

  // Moves time to the next sleeper and wakes it. False: nobody sleeps.
  bool advance() {
    if (sleepers_.empty()) return false;
    const auto first = sleepers_.begin();
    now_us_ = std::max(now_us_, first->first.first);
    engine::event* wake = first->second;
    sleepers_.erase(first);
    wake->notify();
    return true;
  }

  using key = std::pair<std::int64_t, std::uint64_t>;
  key enter(std::int64_t due, engine::event& wake) {
    const key k{due, ++last_};
    sleepers_.emplace(k, &wake);
    return k;
  }
  void leave(const key& k) { sleepers_.erase(k); }

 private:
  std::mt19937_64 rng_;
  std::int64_t now_us_ = 1'700'000'000'000'000;
  std::uint64_t trace_ = 1469598103934665603ULL, last_ = 0;
  std::map<key, engine::event*> sleepers_;
};

// The engine's clock on virtual time.
class virtual_clock final : public engine::clock_port {
 public:
  virtual_clock(world& w, boost::asio::any_io_executor on) : world_(w), executor_(std::move(on)) {}

  [[nodiscard]] std::int64_t now_us() const override { return world_.now_us(); }
  [[nodiscard]] std::int64_t steady_us() const override { return world_.now_us(); }

  boost::asio::awaitable<void> sleep(std::int64_t us, engine::stop_source& stop) override {
    const std::int64_t due = world_.now_us() + us;
    engine::event wake(executor_);
    const auto subscription = stop.on_stop([&] { wake.notify(); });
    while (world_.now_us() < due && !stop.stopped()) {
      struct entry {
        entry(world& w, std::int64_t at, engine::event& e) : in(w), k(w.enter(at, e)) {}
        ~entry() { in.leave(k); }
        world& in;
        world::key k;
      } sleeping(world_, due, wake);
      co_await wake.wait();
    }
  }

 private:
  world& world_;
  boost::asio::any_io_executor executor_;
};

class virtual_random final : public engine::random_port {
 public:
  explicit virtual_random(world& w) : world_(w) {}
  [[nodiscard]] std::uint64_t next() override { return world_.draw(); }

 private:
  world& world_;
};

}  // namespace sluice::sim
