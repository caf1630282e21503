// From a checked manifest to the plan of one run: which stages, in which phase, in which steps.
#pragma once

#include <string>
#include <string_view>

#include "host/history.hpp"

namespace sluice::host {

enum class wanted_phase : std::uint8_t { both, essential, background };

// Of what a run is: of the whole tenant; of one subject, which is what has `scope: subject` and can be read for
// one; or of the rest of the tenant, beside a run of a subject.
enum class run_part : std::uint8_t { whole, subject, rest };

struct plan_ask {
  std::string tenant;
  wanted_phase phases = wanted_phase::both;
  run_part part = run_part::whole;
  std::string subject;  // of the part of that name
};

// May be empty of stages: then everything is fresh, or `left_out` is empty too and there is nothing to read.
[[nodiscard]] engine::run_plan build_plan(const manifest::pipeline& pipeline, const plan_ask& ask,
                                          const read_history& history);

// What of the history such a plan depends on.
[[nodiscard]] engine::history_use history_used(const manifest::pipeline& pipeline, wanted_phase phases,
                                               run_part part);

// A stage of the whole tenant.
[[nodiscard]] engine::stage_plan stage_of(const manifest::pipeline& pipeline, const manifest::read& read,
                                          engine::phase phase);
// Makes it one of one subject, by what its read says of that, and for no parent. `vars` hold the subject.
void read_for_subject(engine::stage_plan& stage, const std::string& vars);

struct plan_names {
  std::string run_id, tenant, pipeline, correlation_id;
  std::string route;  // JSON that is kept with the run, see route.hpp; may be empty
};
// What backends sequence and what is kept with the run: see abi/backend.h.
[[nodiscard]] std::string plan_to_json(const engine::run_plan& plan, const plan_names& names);
// The plan of a stored run, for whoever takes it over: its stages must still be in the manifest.
[[nodiscard]] engine::run_plan plan_from_json(const std::string& text, const manifest::pipeline& pipeline);

}  // namespace sluice::host
