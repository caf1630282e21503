// The proof behind `complete` and `succeeded`: pure functions over what a store has read from its
// own tables. No other code writes these words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/store.hpp"

namespace sluice::store {

// What a store knows of one stage beside its row: sums that must agree.
struct stage_account {
  engine::stage_row row;           // with its counts summed from the ledger
  std::int64_t page_seq_sum = 0;   // of all items: how many pages the checkpoints speak of
  std::int64_t items_unended = 0;  // items said to be complete whose last page was not marked as the end
  std::int64_t unbalanced = 0;     // ledger lines that do not balance on their own
  bool whole_tenant = true;        // its run is not of one subject alone
};

struct run_account {
  std::vector<stage_account> stages;
  std::string plan;             // of the run: stages that it names must have ended
  std::int64_t open_items = 0;  // of the run, also of stages that never began
  std::int64_t rejects = 0;     // lines of this run
  std::int64_t deferred = 0;    // rows that this run deferred and that still wait
  std::int64_t held = 0;        // rows that it would delete and may not unasked
  bool cancelled = false;
  std::string error_code, error;
};

struct verdict {
  engine::run_state state = engine::run_state::failed;
  std::string error_code, error;  // why it did not succeed
};

// Empty: every page is accounted for. Else the first thing that is not, for people.
[[nodiscard]] std::string unproven(const stage_account& s);

// Why no row may be deleted for not being in these stages; empty: it may.
[[nodiscard]] std::string why_no_sweep(const std::vector<stage_account>& run,
                                       const std::vector<std::string>& stages);

// A sweep compares instants: it needs a clock that has not gone back since the run was made.
inline constexpr const char* clock_went_back = "the database's clock went back while the run was under way";
[[nodiscard]] inline bool went_back(std::int64_t created_us, std::optional<std::int64_t> earliest_page_us,
                                    std::int64_t now_us) noexcept {
  return now_us < created_us || (earliest_page_us && *earliest_page_us < created_us);
}

// Why a row was to be deleted: no page brought it, or its parent is deleted. Held for both, it is held as unseen.
enum class held_as : std::uint8_t { unseen, orphan };

// Why nothing is approved for a run that ends in the future.
[[nodiscard]] std::string too_early(const std::string& run_id);

[[nodiscard]] verdict judge(const run_account& run);

}  // namespace sluice::store
