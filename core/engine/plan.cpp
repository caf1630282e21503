#include "engine/plan.hpp"

#include <algorithm>

#include "engine/planted.hpp"

namespace sluice::engine {

namespace {

template <class T>
const T* find(const std::vector<T>& in, const std::string& name) {
  const auto at = std::find_if(in.begin(), in.end(), [&](const T& x) { return x.name == name; });
  return at == in.end() ? nullptr : &*at;
}

// The step that holds one of the stages, or the end.
std::vector<step_plan>::iterator step_with(std::vector<step_plan>& steps, const std::string& stage) {
  return std::find_if(steps.begin(), steps.end(), [&](const step_plan& p) {
    return std::find(p.stages.begin(), p.stages.end(), stage) != p.stages.end();
  });
}

// Puts a stage with its parents of the same phase, joining their steps to the first of them.
void place(std::vector<step_plan>& steps, const stage_plan& stage) {
  step_plan joined{stage.name, stage.phase, {}, {}};
  for (const std::string& parent : stage.parents) {
    const auto at = step_with(steps, parent);
    // Itself, a parent that this run doesn't read, or one whose step ends before this phase begins.
    if (at == steps.end() || at->phase != stage.phase) continue;
    if (joined.stages.empty()) joined.name = at->name;
    joined.stages.insert(joined.stages.end(), at->stages.begin(), at->stages.end());
    steps.erase(at);
  }
  joined.stages.push_back(stage.name);
  steps.push_back(std::move(joined));
}

}  // namespace

const stage_plan* run_plan::find_stage(const std::string& name) const { return find(stages, name); }
const step_plan* run_plan::find_step(const std::string& name) const { return find(steps, name); }

std::vector<step_plan> group_steps(const std::vector<stage_plan>& stages) {
  std::vector<step_plan> out;
  for (const stage_plan& s : stages) place(out, s);
  std::vector<std::string> essential;
  for (const step_plan& p : out) {
    if (p.phase == phase::essential) essential.push_back(p.name);
  }
  for (step_plan& p : out) {
    if (p.phase == phase::background && !SLUICE_BUG(essential_gate_off)) p.after = essential;
  }
  return out;
}

}  // namespace sluice::engine
