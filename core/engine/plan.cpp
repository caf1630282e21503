#include "engine/plan.hpp"

#include <algorithm>

namespace sluice::engine {

namespace {

template <class T>
const T* find(const std::vector<T>& in, const std::string& name) {
  const auto at = std::find_if(in.begin(), in.end(), [&](const T& x) { return x.name == name; });
  return at == in.end() ? nullptr : &*at;
}

// The root of a stage's family: where its records come from in the end.
const std::string& root_of(const std::vector<stage_plan>& stages, const stage_plan& stage) {
  const stage_plan* at = &stage;
  for (std::size_t hops = 0; !at->parent.empty() && hops < stages.size(); ++hops) {
    const stage_plan* up = find(stages, at->parent);
    if (up == nullptr) break;
    at = up;
  }
  return at->name;
}

}  // namespace

const stage_plan* run_plan::find_stage(const std::string& name) const { return find(stages, name); }
const step_plan* run_plan::find_step(const std::string& name) const { return find(steps, name); }

std::vector<step_plan> group_steps(const std::vector<stage_plan>& stages) {
  std::vector<step_plan> out;
  for (const stage_plan& s : stages) {
    const std::string& root = root_of(stages, s);
    auto at = std::find_if(out.begin(), out.end(), [&](const step_plan& p) { return p.name == root; });
    if (at == out.end()) at = out.insert(out.end(), step_plan{root, s.phase, {}, {}});
    at->stages.push_back(s.name);
  }
  std::vector<std::string> essential;
  for (const step_plan& p : out) {
    if (p.phase == phase::essential) essential.push_back(p.name);
  }
  for (step_plan& p : out) {
    if (p.phase == phase::background) p.after = essential;
  }
  return out;
}

}  // namespace sluice::engine
