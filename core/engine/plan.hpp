// The plan of a run: stages, and the steps that a backend sequences. Made by the host from a
// manifest, kept as JSON with the run, so that another host can go on with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/store.hpp"

namespace sluice::engine {

struct retry_policy {
  int attempts = 10;  // failures in a row, without a page in between: with these waits 40 to 80 s
  std::int64_t base_us = 200'000, cap_us = 30'000'000;
};

struct stage_plan {
  std::string name;   // "entities.users"
  std::string entry;  // "entities"
  enum phase phase = phase::background;
  bool critical = false;
  std::vector<std::string> parents;  // stages whose records give this one its items; none: a root
  std::string root_vars;             // JSON of a root's item
  retry_policy retry;
  delete_guard rejects{0.5, 10};  // more refused records or rows than that, and the read is not believed
  std::optional<watermark_rule> watermark;  // of a read that can be incremental
  std::string why;  // for people: "incremental since ...", "full: the mapping has changed"; may be empty
};

// A stream whose rows are deleted when they are in none of these stages any more. Where that is not proven,
// or not asked for, at least in the partitions of the items that were read.
struct sweep_plan {
  std::string entry, stream;
  std::vector<std::string> stages;
  delete_guard guard;
  bool whole = true;
  std::vector<partition_rule> partitions;
};

// A root stage with the stages that hang on its records; and whatever else those hang on.
struct step_plan {
  std::string name;
  enum phase phase = phase::background;
  std::vector<std::string> after;   // steps that must have ended, whatever the result
  std::vector<std::string> stages;  // parents before children
};

struct run_plan {
  std::vector<stage_plan> stages;  // parents before children
  std::vector<step_plan> steps;
  std::vector<sweep_plan> sweeps;     // parents' streams before children's
  std::vector<missing_rule> missing;  // for rows that wait in vain
  delete_guard cascade;               // of what hangs on deleted rows
  std::vector<std::string> left_out;  // stages that are not read, since their data are fresh
  std::int64_t deadline_us = 0;       // of the essential phase, from the making of the run; 0 = none

  [[nodiscard]] const stage_plan* find_stage(const std::string& name) const;
  [[nodiscard]] const step_plan* find_step(const std::string& name) const;
};

// Groups stages to steps: every essential step before every background step.
[[nodiscard]] std::vector<step_plan> group_steps(const std::vector<stage_plan>& stages);

}  // namespace sluice::engine
