// A clock that stands still until a test moves it: nothing is slept for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "engine/event.hpp"
#include "engine/ports.hpp"

namespace sluice::testing {

class manual_clock final : public engine::clock_port {
 public:
  explicit manual_clock(boost::asio::io_context& on) : context_(on) {}

  [[nodiscard]] std::int64_t now_us() const override { return 1'700'000'000'000'000 + now_; }
  [[nodiscard]] std::int64_t steady_us() const override { return now_; }
  boost::asio::awaitable<void> sleep(std::int64_t us, engine::stop_source& stop) override {
    if (stop.stopped()) co_return;
    sleeper self{now_ + us, engine::event(context_.get_executor())};
    sleepers_.push_back(&self);
    const auto wake = stop.on_stop([&self] { self.woken.notify(); });
    while (now_ < self.until && !stop.stopped()) co_await self.woken.wait();
    std::erase(sleepers_, &self);
  }

  // Everything that is ready.
  void settle() {
    context_.restart();
    context_.poll();
  }
  // Goes on by so much, one sleeper's end after the other.
  void advance(std::int64_t us) {
    const std::int64_t end = now_ + us;
    for (settle();; settle()) {
      std::int64_t next = end;
      for (const sleeper* s : sleepers_) next = std::min(next, std::max(s->until, now_));
      now_ = next;
      for (sleeper* s : sleepers_) s->woken.notify();
      if (now_ == end) break;
    }
    settle();
  }

 private:
  struct sleeper {
    std::int64_t until;
    engine::event woken;
  };
  boost::asio::io_context& context_;
  std::int64_t now_ = 0;
  std::vector<sleeper*> sleepers_;
};

class counting_random final : public engine::random_port {
 public:
  [[nodiscard]] std::uint64_t next() override { return n_++ * 0x9e3779b97f4a7c15ULL; }

 private:
  std::uint64_t n_ = 1;
};

}  // namespace sluice::testing
