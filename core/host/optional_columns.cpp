#include "host/optional_columns.hpp"

#include <set>

#include "decode/plan.hpp"

namespace sluice::host {

namespace {

std::set<std::size_t> mapped_columns(const decode::plan& plan, std::size_t stream) {
  std::set<std::size_t> out;
  for (const decode::into_plan& into : plan.into) {
    if (into.stream != stream) continue;
    for (const decode::cell& c : into.cells) {
      if (!c.required) out.insert(c.column);
    }
    if (!into.attributes.empty()) out.insert(plan.layouts[stream].attributes);
  }
  return out;
}

}  // namespace

std::vector<std::vector<engine::optional_column>> optional_columns(const decode::program& p) {
  const decode::plan& plan = p.compiled();
  std::vector<std::vector<engine::optional_column>> out(plan.streams.size());
  for (std::size_t stream = 0; stream < out.size(); ++stream) {
    for (const std::size_t at : mapped_columns(plan, stream)) {
      const std::string& name = plan.layouts[stream].layout[at].name;
      const std::size_t dot = name.find('.');
      const std::string stored = dot == std::string::npos ? name : name.substr(0, dot) + "_id";
      const bool next_part = !out[stream].empty() && out[stream].back().stored == stored;
      if (!next_part) out[stream].push_back({stored, {}});
      out[stream].back().wire.push_back(at);
    }
  }
  return out;
}

}  // namespace sluice::host
