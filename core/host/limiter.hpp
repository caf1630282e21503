// How many requests a source may have under way, and how fast they may start: one for each source,
// over all runs and tenants. Used on the engine's executor only.
#pragma once

#include <cstdint>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "engine/event.hpp"
#include "engine/ports.hpp"

namespace sluice::host {

struct request_limits {
  double rate_per_second = 0;  // 0 = none
  int in_flight = 16;
  double essential_reserved = 0.25;  // of in_flight: background leaves so much free
};

class limiter {
 public:
  limiter(const boost::asio::any_io_executor& on, engine::clock_port& clock, request_limits limits);

  // A request may start: released when the slot dies.
  class slot {
   public:
    explicit slot(limiter* owner) : owner_(owner) {}
    slot(slot&& o) noexcept : owner_(std::exchange(o.owner_, nullptr)) {}
    slot& operator=(slot&&) = delete;
    ~slot() {
      if (owner_ != nullptr) owner_->release();
    }

   private:
    limiter* owner_;
  };

  // Throws the reason of `stop` when that stops first.
  boost::asio::awaitable<slot> acquire(bool essential, engine::stop_source& stop);

 private:
  [[nodiscard]] bool free_for(bool essential) const;
  [[nodiscard]] std::int64_t reserve_start();
  void release();

  engine::clock_port& clock_;
  request_limits limits_;
  int background_cap_;
  int active_ = 0, essential_waiting_ = 0;
  std::int64_t next_start_us_ = 0;
  engine::event freed_;
};

}  // namespace sluice::host
