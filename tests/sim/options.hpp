// What a seed decides before anything happens: which faults there are, how often, and all sizes.
// Swarm: each seed has some of the faults only, at rates of its own, so that rare orders become common.
#pragma once

#include <cstdint>
#include <string>

#include "engine/run.hpp"
#include "world.hpp"

namespace sluice::sim {

struct upstream_faults {
  double transient = 0, throttled = 0, hang = 0, truncated = 0, slow = 0;
  double gone = 0;                   // a child's list answers 404
  double echo = 0;                   // a page shows a record once more, as it was before
  std::int64_t latency_us = 50'000;  // of an ordinary answer, at most
  double early = 0;                  // it is known where the next page begins before this one is decoded
  double overtaken = 0;              // a record of a page vanishes, and others know before its page is there
  double uneven = 0;                 // a page is shorter than it could be, also when it is asked for again
};

struct store_faults {
  double before = 0;    // the connection is lost before anything happens
  double rollback = 0;  // everything is done and then undone: deadlock, serialization failure
  double after = 0;     // it happened, the answer is lost; of a commit: in doubt
  double late = 0;      // a request is under way for longer than a lease lasts
  std::int64_t delay_us = 20'000;
};

struct host_faults {
  std::int64_t handlers = 0;                   // about one disturbance in so many handlers; 0: none
  double pause = 0, leave = 0, in_flight = 0;  // of the disturbances; the rest are crashes
  std::int64_t clock_off_us = 0;  // of what it takes for the database's time; at most, in both directions
  std::int64_t wall_off_us = 0;   // of its own clock
};

struct tenant_shape {
  int people = 10, groups = 3, grants = 8, notes = 6, badges = 4;
  bool versions = true;      // records carry a version
  bool empty_tail = false;   // only an empty page says that a list has ended
  std::int64_t late_us = 0;  // a change shows up so much after its own time, at most
};

struct options {
  std::uint64_t seed = 0;
  bool two_hosts = true, same_machine = false;
  tenant_shape tenant;
  upstream_faults upstream;
  store_faults store;
  host_faults hosts;
  engine::run_options engine;
  engine::delete_guard guard;
  // Of refused records and rows: from the same draw.
  [[nodiscard]] engine::delete_guard rejects() const { return {guard.share, guard.floor / 2}; }
  engine::retry_policy retry{6, 100'000, 5'000'000};
  int page = 5;
  std::int64_t lag_us = 0;
  std::int64_t busy_us = 0;  // how long things happen before all faults end
  int runs = 0, changes = 0, outages = 0, cancels = 0, disk_full = 0;
  std::int64_t retain_every_us = 0;  // 0: nothing is ever removed
  std::int64_t retain_age_us = 0;    // at most; runs stay for longer, since a start may be late
  bool partitions = false;           // sweep at least the partitions of what was read to its end
  bool whole = true;                 // sweep more than these
  bool second_pipeline = false, subjects = false;
};

[[nodiscard]] options draw_options(world& w, std::uint64_t seed);
[[nodiscard]] std::string to_text(const options& o);

}  // namespace sluice::sim
