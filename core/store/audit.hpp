// What of a run's account does not add up, line by line: for people who ask, long after the run has ended.
#pragma once

#include <string>
#include <vector>

#include "store/account.hpp"

namespace sluice::store {

// Each gives (stage, item, what) for every contradiction of one run. `prefix` stands before the names of
// the machinery's tables, `run` is the placeholder of the run's id.
[[nodiscard]] std::vector<std::string> audit_queries(const std::string& prefix, const std::string& run);

// What the run's state claims and its stages don't show.
[[nodiscard]] std::vector<engine::audit_finding> audit_state(const engine::run_row& run,
                                                             const std::vector<stage_account>& stages,
                                                             std::int64_t open_items);

}  // namespace sluice::store
