// How many runs this host has under way, and which one is next. The rest waits in a bounded queue, runs that somebody
// waits for first, tenants in turns; what does not fit in is told when to try again. Runs that have to do
// with a source that fails or is slow may hold a share of the places only: those beyond it wait, or, where they
// began before it fell ill, lend their places to others. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports.hpp"
#include "engine/turn_queue.hpp"

namespace sluice::host {

struct admission_limits {
  int active_runs = 64;
  int queued_runs = 1'000;
  double sick_share = 0.25;  // of active_runs: what one sick source may hold
};

struct admission_ask {
  std::string tenant;
  engine::urgency how = engine::urgency::background;
  std::vector<std::string> sources;  // that the run reads from
};

class admission {
 public:
  using sick_fn = std::function<bool(const std::string& source)>;
  admission(admission_limits limits, engine::clock_port& clock, engine::random_port& random, sick_fn sick);

  // A run's place, in the queue or under way: given back when it dies.
  class place {
   public:
    ~place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;

   private:
    friend class admission;
    explicit place(admission& owner) : owner_(owner) {}
    admission& owner_;
    admission_ask ask_;
    std::function<void()> go_;
    bool active_ = false;
    std::int64_t began_us_ = 0;
    std::list<place*>::iterator at_;
  };

  // `go` is called once, as soon as the run may begin: before this returns, or later from any thread. Throws failure
  // (throttled, SLU-6060, with how long to wait) when the queue is full.
  [[nodiscard]] std::unique_ptr<place> enter(admission_ask ask, std::function<void()> go);
  // A source has got well.
  void look_again();

  [[nodiscard]] int active() const;
  [[nodiscard]] int queued() const;

 private:
  void leave(place& p);
  [[nodiscard]] std::vector<std::function<void()>> let_in();
  [[nodiscard]] int occupied() const;
  [[nodiscard]] bool may_begin(const admission_ask& ask) const;
  [[nodiscard]] int share() const;
  [[nodiscard]] std::int64_t estimate_us();

  admission_limits limits_;
  engine::clock_port& clock_;
  engine::random_port& random_;
  sick_fn sick_;
  mutable std::mutex mutex_;
  engine::turn_queue<place*> queue_;
  std::list<place*> active_;
  std::int64_t mean_us_ = 0;  // of the runs that have ended
};

}  // namespace sluice::host
