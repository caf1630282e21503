// How many requests a source may have under way, and how fast they may start: one for each source, over all
// runs and tenants. Essential requests go first; within a class the tenant with the fewest requests under way
// is next, so that one that is alone may use all of it and leaves room as soon as others wait. Those whose requests
// hang while others are answered have a share of it together, beside what they held before that was known; once as much
// hangs, everybody's first request must be answered before a second one starts.
// Who waits, for a slot or for the rate, holds nothing. Used on the engine's executor only.
#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "engine/event.hpp"
#include "engine/ports.hpp"
#include "engine/turn_queue.hpp"
#include "host/slow_tenants.hpp"

namespace sluice::host {

struct request_limits {
  double rate_per_second = 0;  // 0 = none
  int in_flight = 16;
  double essential_reserved = 0.25;  // of in_flight: background leaves so much free
  double slow_share = 0.25;          // of in_flight: what tenants whose requests hang may hold
};

class limiter {
 public:
  limiter(boost::asio::any_io_executor on, engine::clock_port& clock, request_limits limits);
  limiter(const limiter&) = delete;
  limiter& operator=(const limiter&) = delete;
  ~limiter();

  struct request {
    std::string tenant;
    std::int64_t began_us = 0;
  };
  using place = std::list<request>::iterator;

  // A request may start: released when the slot dies.
  class slot {
   public:
    slot(limiter* owner, place at) : owner_(owner), at_(at) {}
    slot(slot&& o) noexcept : owner_(std::exchange(o.owner_, nullptr)), at_(o.at_) {}
    slot& operator=(slot&&) = delete;
    ~slot() {
      if (owner_ != nullptr) owner_->release(at_);
    }

   private:
    limiter* owner_;
    place at_;
  };

  // Throws the reason of `stop` when that stops first. The tenant's name must live until this returns.
  boost::asio::awaitable<slot> acquire(engine::turn of, engine::stop_source& stop);

  [[nodiscard]] int active() const noexcept { return static_cast<int>(under_way_.size()); }
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
  // How many requests have ever had to wait.
  [[nodiscard]] std::uint64_t had_to_wait() const noexcept { return had_to_wait_; }

 private:
  class waiter;
  struct party {
    int under_way = 0;
    std::int64_t answered_us = std::numeric_limits<std::int64_t>::min() / 2;
  };
  [[nodiscard]] bool free_for(engine::urgency u) const;
  // Of what is known about its requests, and those of others, that hang.
  [[nodiscard]] bool may_begin(std::string_view tenant) const;
  void look_at_times();
  [[nodiscard]] std::int64_t until_start() const;
  [[nodiscard]] int of_tenant(std::string_view tenant) const;
  place begin(std::string_view tenant, bool on_time);
  void grant(bool on_time);
  [[nodiscard]] waiter* next();
  void pace(std::int64_t wait_us);
  static boost::asio::awaitable<void> start_later(limiter* self, std::shared_ptr<engine::stop_source> stop,
                                                  std::int64_t wait_us);
  void stop_pacing();
  void release(place at);

  boost::asio::any_io_executor executor_;
  engine::clock_port& clock_;
  request_limits limits_;
  int background_cap_, slow_cap_;
  std::list<request> under_way_;  // the oldest first
  std::map<std::string, party, std::less<>> by_tenant_;
  slow_tenants slow_;
  int hanging_ = 0;  // as of the last look
  engine::turn_queue<waiter*> queue_;
  std::uint64_t had_to_wait_ = 0;
  std::int64_t next_start_us_ = 0;
  std::shared_ptr<engine::stop_source> pacing_;  // of the wait for the rate, if there is one
};

}  // namespace sluice::host
