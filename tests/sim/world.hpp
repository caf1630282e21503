// Virtual time and chance for the simulation. Everything that happens in it is decided by one seed.
//
// Each host has its own io_context, polled one handler at a time; time moves only when no host that
// may run has a handler ready. What the world itself does (a request arrives at the store, the
// upstream changes, a host is started again) waits in the same queue as the sleepers of the hosts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "engine/event.hpp"
#include "engine/ports.hpp"

namespace sluice::sim {

class world {
 public:
  explicit world(std::uint64_t seed) : rng_(seed) {}

  [[nodiscard]] std::int64_t now_us() const noexcept { return now_us_; }
  [[nodiscard]] std::uint64_t draw() { return rng_(); }
  // True with the given probability.
  [[nodiscard]] bool chance(double p) { return p > 0 && static_cast<double>(rng_() >> 11U) * 0x1p-53 < p; }
  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(rng_() % static_cast<std::uint64_t>(high - low + 1));
  }

  // Folds an event into the trace: two runs of one seed must give the same trace.
  void note(std::string_view what, int host = -1) {
    for (const char c : what) fold(static_cast<std::uint64_t>(c));
    fold(static_cast<std::uint64_t>(now_us_) + static_cast<std::uint64_t>(host + 1));
    if (tell) tell(now_us_ - start_us, host, what);
  }
  [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }
  std::function<void(std::int64_t at_us, int host, std::string_view what)> tell;  // may be empty

  using key = std::pair<std::int64_t, std::uint64_t>;
  key at(std::int64_t due_us, std::function<void()> what) {
    const key k{due_us, ++last_};
    queue_.emplace(k, std::move(what));
    return k;
  }
  key after(std::int64_t us, std::function<void()> what) { return at(now_us_ + us, std::move(what)); }
  void forget(const key& k) { queue_.erase(k); }

  // Moves time to what comes next and lets it happen. False: nothing waits.
  bool advance() {
    if (queue_.empty()) return false;
    auto first = queue_.extract(queue_.begin());
    now_us_ = std::max(now_us_, first.key().first);
    first.mapped()();
    return true;
  }

  static constexpr std::int64_t start_us = 1'700'000'000'000'000;

 private:
  void fold(std::uint64_t x) { trace_ = (trace_ ^ x) * 1099511628211ULL; }

  std::mt19937_64 rng_;
  std::int64_t now_us_ = start_us;
  std::uint64_t trace_ = 1469598103934665603ULL, last_ = 0;
  std::map<key, std::function<void()>> queue_;
};

// The engine's clock on virtual time. It may be off: a host asks the database for the time once.
class virtual_clock final : public engine::clock_port {
 public:
  virtual_clock(world& w, boost::asio::any_io_executor on, std::int64_t off_us = 0)
      : world_(w), executor_(std::move(on)), off_us_(off_us) {}

  [[nodiscard]] std::int64_t now_us() const override { return world_.now_us() + off_us_; }
  [[nodiscard]] std::int64_t steady_us() const override { return world_.now_us(); }

  boost::asio::awaitable<void> sleep(std::int64_t us, engine::stop_source& stop) override {
    const std::int64_t due = world_.now_us() + us;
    engine::event wake(executor_);
    const auto subscription = stop.on_stop([&] { wake.notify(); });
    while (world_.now_us() < due && !stop.stopped()) {
      struct entry {
        entry(world& w, std::int64_t at, engine::event& e) : in(w), k(w.at(at, [&e] { e.notify(); })) {}
        ~entry() { in.forget(k); }
        world& in;
        world::key k;
      } sleeping(world_, due, wake);
      co_await wake.wait();
    }
  }

 private:
  world& world_;
  boost::asio::any_io_executor executor_;
  std::int64_t off_us_;
};

class virtual_random final : public engine::random_port {
 public:
  explicit virtual_random(world& w) : world_(w) {}
  [[nodiscard]] std::uint64_t next() override { return world_.draw(); }

 private:
  world& world_;
};

}  // namespace sluice::sim
