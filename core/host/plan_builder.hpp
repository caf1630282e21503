// From a checked manifest to the plan of one run: which stages, in which phase, in which steps.
#pragma once

#include <string>
#include <string_view>

#include "host/history.hpp"

namespace sluice::host {

enum class wanted_phase : std::uint8_t { both, essential, background };

// May be empty of stages: then everything is fresh.
[[nodiscard]] engine::run_plan build_plan(const manifest::pipeline& pipeline, wanted_phase phases,
                                          const read_history& history);

struct plan_names {
  std::string run_id, tenant, pipeline, correlation_id;
};
// What backends sequence and what is kept with the run: see abi/backend.h.
[[nodiscard]] std::string plan_to_json(const engine::run_plan& plan, const plan_names& names);
// The plan of a stored run, for whoever takes it over: its stages must still be in the manifest.
[[nodiscard]] engine::run_plan plan_from_json(const std::string& text, const manifest::pipeline& pipeline);

}  // namespace sluice::host
