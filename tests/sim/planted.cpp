// Which bug is on, in programs that are built with planted bugs.
#include "engine/planted.hpp"

#include <map>

namespace sluice::planted {

namespace {

bug chosen = bug::none;
std::map<std::string, int> counts;
std::int64_t off_us = 0;

}  // namespace

bool on(bug b) { return b == chosen; }

void choose(bug b) {
  chosen = b;
  counts.clear();
  off_us = 0;
}

int count(const std::string& what) { return ++counts[what]; }
std::int64_t host_off_us() { return off_us; }
void set_host_off_us(std::int64_t us) { off_us = us; }

const char* name(bug b) {
  static constexpr const char* names[] = {
      "none",
      "checkpoint_before_rows",
      "no_fence",
      "doubt_is_success",
      "doubt_is_failure",
      "sweep_on_partial",
      "retries_never_reset",
      "essential_gate_off",
      "lease_by_host_clock",
      "first_duplicate_wins",
      "cursor_before_page",
      "ledger_apart",
      "epoch_kept",
      "watermark_at_greatest",
      "older_overwrites",
      "children_apart",
      "resolve_skips_last",
      "new_id_each_try",
      "renewed_by_anybody",
      "success_without_proof",
      "empty_is_not_suspect",
      "deferred_forgets_newer",
      "taken_over_from_start",
      "takes_over_too_soon",
      "tombstones_from_now",
      "guard_is_off",
      "links_stay_open",
      "complete_without_proof",
      "overlaps_anything",
      "gate_opens_on_failure",
      "ahead_of_another_try",
      "tombstones_too_soon",
      "ledger_too_soon",
      "ends_without_a_look",
      "partition_unproven",
  };
  static_assert(sizeof names / sizeof *names == bug_count + 1);
  return names[static_cast<int>(b)];
}

}  // namespace sluice::planted
