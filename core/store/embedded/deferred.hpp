// A row that waited for a parent, as a reject.
#pragma once

#include "store/embedded/tables.hpp"

namespace sluice::store::embedded {

[[nodiscard]] engine::reject_row reject_of(const deferred_record&, const std::string& run_id,
                                           std::int64_t now, std::string field, std::string reason);

}  // namespace sluice::store::embedded
