// Places where the simulation's own test can break a promise on purpose, to prove that it would be
// noticed. A normal build has nothing of it: SLUICE_BUG is `false`, SLUICE_IF_BUG is empty.
#pragma once

#ifdef SLUICE_PLANTED_BUGS

#  include <cstdint>
#  include <string>

namespace sluice::planted {

enum class bug : std::uint8_t {
  none,
  checkpoint_before_rows,  // the checkpoints are committed, then the rows
  no_fence,                // a commit asks neither for the run's lease nor for the stage's epoch
  doubt_is_success,        // a commit in doubt is taken for done
  doubt_is_failure,        // a commit in doubt is done again, and nothing compares the checkpoints
  sweep_on_partial,        // a sweep asks for no proof
  retries_never_reset,     // failures are counted over all pages of a stage
  essential_gate_off,      // the background waits for nothing
  lease_by_host_clock,     // whether a lease has run out is told by the clock of who asks
  first_duplicate_wins,    // of two rows with one key the first is taken
  cursor_before_page,      // a batch moves a checkpoint over a page whose rows it leaves out
  ledger_apart,            // the ledger is a transaction of its own
  epoch_kept,              // a new attempt at a stage keeps the epoch
  watermark_at_greatest,   // the greatest value seen, whatever may show up late
  older_overwrites,        // a page that was asked for earlier wins when it comes later
  children_apart,          // the items of children are a transaction of their own
  resolve_skips_last,      // what is left after a full batch of deferred rows is left
  new_id_each_try,         // a commit that is done again has another id, so that doubt is never settled
  renewed_by_anybody,      // a lease is renewed without a look at the epoch
  success_without_proof,   // rejects and deferred rows don't make a run partial
  empty_is_not_suspect,    // nothing where there was something deletes everything
  deferred_forgets_newer,  // a row that waits is replaced by an older one
  taken_over_from_start,   // a new attempt begins its items anew
  takes_over_too_soon,     // the lease of a living holder is no obstacle
  tombstones_from_now,     // a sweep's tombstone says now, not when its run began
  guard_is_off,            // a sweep deletes however many
  links_stay_open,         // optional references are never filled in
  complete_without_proof,  // a stage that has failed says that it is complete, and is believed
  overlaps_anything,       // two batches are under way at once whatever they have to do with each other
  gate_opens_on_failure,   // a batch goes on although the one before it was not committed
  ahead_of_another_try,    // what was read ahead is taken though the page, read again, ends elsewhere
  tombstones_too_soon,     // a tombstone goes while a run is open that may bring the row from before it
  ledger_too_soon,         // lines of the ledger go that an open or held run, or the next one, asks for
  ends_without_a_look,     // a run ends without a look at what it did not bring
  partition_unproven,      // of an item that was not read to its end the partition is swept too
};
inline constexpr int bug_count = static_cast<int>(bug::partition_unproven);

[[nodiscard]] bool on(bug b);
void choose(bug b);
[[nodiscard]] const char* name(bug b);

// For planted code that needs a memory of its own; choose() forgets it.
[[nodiscard]] int count(const std::string& what);
[[nodiscard]] std::int64_t host_off_us();  // how far the clock of the host that asks is off
void set_host_off_us(std::int64_t us);

}  // namespace sluice::planted

#  define SLUICE_BUG(which) (::sluice::planted::on(::sluice::planted::bug::which))
#  define SLUICE_IF_BUG(which, ...) \
    if (SLUICE_BUG(which)) {        \
      __VA_ARGS__                   \
    }

#else

#  define SLUICE_BUG(which) (false)
#  define SLUICE_IF_BUG(which, ...)

#endif
