// What a workflow is started with, and what one that goes on as a new one hands to it: names of a run and of its steps,
// never data. It is the only thing of a plan that leaves the host.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::durable {

// Raise it when an older program must not go on with a workflow of this one.
inline constexpr int interpreter_version = 1;

struct input_step {
  std::string name;
  bool essential = false;
  std::vector<std::string> after;
};

struct workflow_input {
  std::string run_id, pipeline;
  std::string home;  // the queue of the host that has the run
  std::vector<input_step> steps;
  std::map<std::string, std::string>
      done;                                // steps that ended before this workflow began, with their outcomes
  std::string tenant{}, correlation_id{};  // for who looks from outside
};

// What a run is at when a workflow begins with this: "essential" or "background".
[[nodiscard]] std::string phase_of(const workflow_input& input);
// Of a host's plan: see sluice/abi/backend.h. Throws std::runtime_error.
[[nodiscard]] workflow_input input_of(std::string_view plan_json, const std::string& home);
[[nodiscard]] std::string to_text(const workflow_input& input);
// Throws std::runtime_error, also for an input of a newer interpreter.
[[nodiscard]] workflow_input input_from(std::string_view text);

}  // namespace sluice::durable
