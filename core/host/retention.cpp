#include "host/retention.hpp"

#include <utility>

namespace sluice::host {

retention_counts run_retention(const retention_ages& ages, const retain_fn& retain,
                               const std::function<bool()>& stop) {
  using kind = engine::retention_request::kind;
  const std::pair<kind, std::int64_t> kinds[] = {{kind::ledger, ages.ledger_us},
                                                 {kind::rejects, ages.rejects_us},
                                                 {kind::tombstones, ages.tombstones_us},
                                                 {kind::runs, ages.runs_us}};
  retention_counts out;
  for (const auto& [what, age_us] : kinds) {
    if (age_us == 0) continue;
    engine::retention_request ask{what, age_us, {}, 1'000};
    for (bool more = true; more;) {
      if (stop()) return out;
      const engine::retention_result done = retain(ask);
      for (const auto& [table, n] : done.removed) {
        if (n > 0) out[table] += n;
      }
      ask.after = done.after;
      more = done.more;
    }
  }
  return out;
}

}  // namespace sluice::host
