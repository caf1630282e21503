// What the simulated pipelines read, as a host's plan builder would say it.
#pragma once

#include "options.hpp"

namespace sluice::sim {

struct wish {
  std::string run_id, pipeline, scope;  // scope: "" or "subject:p3"
  bool incremental = false;
};

[[nodiscard]] engine::run_plan make_plan(const wish& w, const options& o,
                                         const std::vector<engine::watermark_row>& watermarks);
// As the store keeps it: the proof of a run asks for every stage by its name.
[[nodiscard]] std::string plan_text(const engine::run_plan& plan);

}  // namespace sluice::sim
