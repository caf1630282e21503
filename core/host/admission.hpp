// How many runs this host has under way, and which one is next. The rest waits in a bounded queue, runs that somebody
// waits for first, tenants in turns; what does not fit in is told when to try again. Background runs, one tenant and
// a source or plugin that fails or is slow may hold a share of the places and of the queue only: those beyond it
// wait, or, where they have a place already, lend it to others. So may all tenants together whose essential runs hang,
// while the others' do not. Any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports.hpp"
#include "engine/turn_queue.hpp"
#include "host/end_pace.hpp"
#include "host/slow_tenants.hpp"
#include "host/start_rate.hpp"

namespace sluice::host {

struct admission_limits {
  int active_runs = 64;
  int queued_runs = 1'000;
  // Of both of these:
  double essential_reserved = 0.25;  // what background runs leave free
  double tenant_share = 0.5;         // what one tenant may hold
  double sick_share = 0.25;          // what one sick source or plugin may hold
  std::int64_t queue_wait_us =
      10'000'000;       // who would wait longer for an essential run is sent away; 0: nobody
  start_limits starts;  // of one tenant
};

// Of the time that somebody has for an answer, half at most is for the wait; the rest is for the run, and for what was
// not foreseen.
[[nodiscard]] inline std::int64_t longest_turn_us(std::int64_t queue_wait_us, std::int64_t patience_us) {
  constexpr std::int64_t least_us =
      2'000'000;  // the run may be over in time, and its caller is told when it is not
  return patience_us > 0 ? std::min(queue_wait_us, std::max(patience_us / 2, least_us)) : queue_wait_us;
}

struct admission_ask {
  std::string tenant;
  engine::urgency how = engine::urgency::background;
  std::vector<std::string> sources;  // addresses that the run reads from, and its plugins
  bool known = false;                // it is open here already, so that it is not one more
  std::int64_t patience_us = 0;      // of who waits for it, if that is known
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
    // Nobody waits for the run any more: from now on it counts as a background run.
    void essential_over() { owner_.demote(*this); }

   private:
    friend class admission;
    explicit place(admission& owner) : owner_(owner) {}
    admission& owner_;
    admission_ask ask_;
    std::function<void()> go_;
    bool active_ = false;
    std::int64_t came_us_ = 0, began_us_ = 0;
    std::list<place*>::iterator at_;
  };

  // `go` is called once, as soon as the run may begin: before this returns, or later from any thread. Throws failure
  // (throttled, with how long to wait): the queue is full (SLU-6060), or full of this tenant's runs (SLU-6066) or of
  // those of a sick source (SLU-6069), or the wait would be too long (SLU-6068).
  [[nodiscard]] std::unique_ptr<place> enter(admission_ask ask, std::function<void()> go);
  // What enter() would throw, as far as that can be told by now, and whether the tenant has begun too many
  // (SLU-6067): before anything is asked of the store. `coming`: how many may enter before it does. Nothing: there is room.
  [[nodiscard]] std::optional<engine::failure> look(const std::string& tenant, engine::urgency how,
                                                    std::int64_t patience_us = 0, std::size_t coming = 0);
  // A run has begun that somebody has asked for.
  void count_start(const std::string& tenant);
  // A source has got well.
  void look_again();

  [[nodiscard]] int active() const;
  [[nodiscard]] int queued() const;
  // How many background runs it would take.
  [[nodiscard]] int background_room() const;
  struct passed {
    std::uint64_t runs = 0;      // that have begun
    std::int64_t waited_us = 0;  // before that, all together
  };
  [[nodiscard]] passed so_far() const;

 private:
  struct crowd {                                               // who is in the queue before a run
    std::size_t all = 0, same_class = 0, own = 0, coming = 0;  // coming: to the queue, of any tenant
  };
  // With the lock, and what was known of sources forgotten.
  [[nodiscard]] std::unique_lock<std::mutex> begin() const;
  void essential_took(const std::string& tenant, std::int64_t us);
  void leave(place& p);
  void demote(place& p);
  void queue(place& p);
  void unqueue(const place& p);
  [[nodiscard]] std::vector<std::function<void()>> let_in();
  [[nodiscard]] bool is_sick(const std::string& source) const;
  // Whether something that the run has to do with is sick and of that source.
  [[nodiscard]] bool is_sick(const admission_ask& ask, std::string_view source) const;
  // Whether the run is essential and hangs, or its tenant's have of late.
  [[nodiscard]] bool is_slow(const place& p) const;
  // Learns which tenants have runs that hang.
  void look_at_times();
  [[nodiscard]] int occupied() const;
  // Under way, but for those that lend their places because their source is sick.
  struct crew {
    int essential = 0, background = 0;
  };
  [[nodiscard]] crew under_way() const;
  [[nodiscard]] bool may_begin(const admission_ask& ask) const;
  [[nodiscard]] crowd before(const std::string& tenant, engine::urgency how) const;
  [[nodiscard]] std::optional<engine::failure> why_not(const admission_ask& ask, const crowd& before);
  [[nodiscard]] std::optional<std::string> too_sick(const admission_ask& ask) const;
  [[nodiscard]] std::int64_t wait_us(const admission_ask& ask, std::size_t ahead, const crowd& before) const;
  [[nodiscard]] engine::failure sent_away(const char* code, const std::string& why, std::int64_t wait_us);

  admission_limits limits_;
  int background_places_, background_queue_, tenant_places_, tenant_queue_, sick_places_, sick_queue_;
  engine::clock_port& clock_;
  engine::random_port& random_;
  sick_fn sick_;
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<std::string_view, bool>> looked_at_;  // sources, while the lock is held
  engine::turn_queue<place*> queue_;
  std::map<std::string, std::size_t> queued_of_, queued_at_;  // by tenant, by address
  std::list<place*> active_;
  std::int64_t mean_us_ = 0;            // of the runs that have ended
  std::int64_t mean_essential_us_ = 0;  // of their essential phases
  slow_tenants slow_;                   // in these
  end_pace pace_;                       // of these
  start_rate starts_;
  passed passed_;
};

}  // namespace sluice::host
