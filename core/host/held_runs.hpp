// Held runs that somebody must still decide about.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/store.hpp"

namespace sluice::host {

using freshness_of = std::function<std::vector<engine::freshness_row>(const engine::run_row&)>;

// Those of which a stage was not read to its end since, by a run that is over: with a later complete read a run holds
// nothing that the later one has not brought, deleted or held itself. `open`: runs that are not over.
[[nodiscard]] std::vector<engine::run_row> still_held(std::vector<engine::run_row> held,
                                                      const std::vector<engine::run_row>& open,
                                                      const freshness_of& fresh);

// How many, whose, and what to do: for a person.
[[nodiscard]] std::string held_text(const std::vector<engine::run_row>& held);

}  // namespace sluice::host
