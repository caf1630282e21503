// When so much of what a read brings is refused that its upstream must have changed its form, or the mapping is wrong:
// then it has failed, its watermark stays and nothing is deleted for it.
#pragma once

#include <optional>

#include "engine/failure.hpp"
#include "engine/plan.hpp"

namespace sluice::engine {

// Nothing: it is not too much.
[[nodiscard]] std::optional<failure> refused_too_much(const stage_plan& plan, const record_counts& records,
                                                      const row_counts& rows);
// Of all that is booked for the stage.
[[nodiscard]] std::optional<failure> refused_too_much(const stage_plan& plan, const stage_row& booked);

}  // namespace sluice::engine
