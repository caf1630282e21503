// What must hold for a page before anything of it is committed.
#pragma once

#include <string>

#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace sluice::engine {

inline constexpr std::size_t max_page_state = 4096;

// "stage `entities.users`, page 3": where a failure is, for people. Pages count from 1.
[[nodiscard]] std::string place_of(const stage_plan& stage, const item& it);

// Throws failure: the account of its records, a state that repeats or is too large, a batch
// without a hash for each row.
void check_page(const stage_plan& stage, const item& it, const page& p);

}  // namespace sluice::engine
