#include "host/limiter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::host {

using boost::asio::awaitable;

limiter::limiter(const boost::asio::any_io_executor& on, engine::clock_port& clock, request_limits limits)
    : clock_(clock), limits_(limits), freed_(on) {
  const int reserved = static_cast<int>(std::ceil(limits.essential_reserved * limits.in_flight));
  background_cap_ = std::max(1, limits.in_flight - reserved);
}

bool limiter::free_for(bool essential) const {
  if (essential) return active_ < limits_.in_flight;
  return active_ < background_cap_ && essential_waiting_ == 0;
}

std::int64_t limiter::reserve_start() {
  if (limits_.rate_per_second <= 0) return 0;
  const std::int64_t now = clock_.steady_us();
  const std::int64_t start = std::max(now, next_start_us_);
  next_start_us_ = start + static_cast<std::int64_t>(1e6 / limits_.rate_per_second);
  return start - now;
}

awaitable<limiter::slot> limiter::acquire(bool essential, engine::stop_source& stop) {
  struct waiting {
    waiting(int& n, bool count) : n_(n), count_(count) { n_ += count_ ? 1 : 0; }
    ~waiting() { n_ -= count_ ? 1 : 0; }
    int& n_;
    bool count_;
  };
  {
    const waiting in_line(essential_waiting_, essential);
    const auto wake = stop.on_stop([this] { freed_.notify(); });
    while (!free_for(essential) && !stop.stopped()) co_await freed_.wait();
    stop.throw_if_stopped();
    ++active_;
  }
  slot taken(this);
  if (essential && essential_waiting_ == 0) freed_.notify();
  if (const std::int64_t wait = reserve_start(); wait > 0) {
    co_await clock_.sleep(wait, stop);
    stop.throw_if_stopped();
  }
  co_return taken;
}

void limiter::release() {
  --active_;
  freed_.notify();
}

}  // namespace sluice::host
