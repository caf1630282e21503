// One pass over what is old enough to be removed, in small batches.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/store.hpp"

namespace sluice::host {

// 0: kept for ever.
struct retention_ages {
  static constexpr std::int64_t day_us = 24LL * 3600 * 1'000'000;
  std::int64_t runs_us = 90 * day_us, ledger_us = 30 * day_us, rejects_us = 30 * day_us,
               tombstones_us = 90 * day_us;
};

// How many rows of each table; those with none are left out.
using retention_counts = std::map<std::string, std::int64_t>;

using retain_fn = std::function<engine::retention_result(const engine::retention_request&)>;

// Until everything has been looked at, or `stop` says so between two batches.
retention_counts run_retention(const retention_ages& ages, const retain_fn& retain,
                               const std::function<bool()>& stop);

}  // namespace sluice::host
