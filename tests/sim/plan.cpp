#include "plan.hpp"

#include <algorithm>

namespace sluice::sim {

namespace {

using engine::phase;

class planner {
 public:
  planner(const wish& w, const options& o, const std::vector<engine::watermark_row>& watermarks)
      : wish_(w), options_(o), watermarks_(watermarks) {}

  engine::run_plan build() {
    if (!wish_.scope.empty()) {
      add("people", phase::essential, false);
      add("grants", phase::background, false);
    } else if (wish_.pipeline == "a") {
      add("grants", phase::essential, true);  // before what it refers to, on purpose
      add("people", phase::essential, true);
      add("groups", phase::background, true);
      add("members", phase::background, false).parents = {"groups"};
      add("notes", phase::background, false);
      add("badges", phase::background, false);
    } else {
      add("notes", phase::background, false);
      add("people", phase::background, false);
    }
    if (wish_.scope.empty()) add_sweeps();
    else if (options_.partitions) add_sweep_of_subject();
    if (wish_.scope.empty() && wish_.pipeline == "a") {
      plan_.missing.push_back({"badges", "badges", "person", "people", {"people", "groups"}, false, true});
    }
    plan_.steps = engine::group_steps(plan_.stages);
    return std::move(plan_);
  }

 private:
  engine::stage_plan& add(const std::string& name, enum phase ph, bool can_be_incremental) {
    engine::stage_plan s;
    s.name = name;
    s.entry = name;
    s.phase = ph;
    s.critical = name == "people";
    s.root_vars = wish_.scope.empty() ? "{}" : R"({"subject":")" + wish_.scope.substr(8) + R"("})";
    s.retry = options_.retry;
    s.rejects = options_.rejects();
    if (can_be_incremental) set_watermark(s);
    return plan_.stages.emplace_back(std::move(s));
  }

  void set_watermark(engine::stage_plan& s) {
    s.watermark = engine::watermark_rule{"mapping", options_.lag_us, true};
    const auto from = std::find_if(watermarks_.begin(), watermarks_.end(),
                                   [&](const auto& w) { return w.stage == s.name; });
    if (!wish_.incremental || from == watermarks_.end() || from->value_us == 0) return;
    s.watermark->full = false;
    s.root_vars = R"({"since":")" + std::to_string(from->value_us) + R"("})";
  }

  // As the host does it: the reads that feed a stream, unless one of them is not full.
  void add_sweeps() {
    for (const engine::stage_plan& s : plan_.stages) {
      if (s.watermark && !s.watermark->full) continue;
      const std::string stream = s.name == "groups" ? "people" : s.name == "members" ? "memberships" : s.name;
      engine::sweep_plan sweep{s.entry, stream, {s.name}, options_.guard, true, {}};
      if (options_.partitions && s.name == "members") {
        sweep.whole = options_.whole;
        sweep.partitions.push_back(rows_with("members", "container", "group", "g"));
      }
      plan_.sweeps.push_back(std::move(sweep));
    }
    plan_.cascade = options_.guard;
  }
  // What a subject has no more goes with its sign-in.
  void add_sweep_of_subject() {
    plan_.sweeps.push_back({"grants", "grants", {"grants"}, options_.guard, false, {}});
    plan_.sweeps.back().partitions.push_back(rows_with("grants", "person", "person", "subject"));
    plan_.cascade = options_.guard;
  }
  // Rows whose parent is the record that a variable of the item names.
  static engine::partition_rule rows_with(const std::string& stage, const std::string& parent,
                                          const std::string& kind, const std::string& variable) {
    return {stage, {{parent + ".kind", {{false, kind}}}, {parent + ".external_id", {{true, variable}}}}, {}};
  }

  const wish& wish_;
  const options& options_;
  const std::vector<engine::watermark_row>& watermarks_;
  engine::run_plan plan_;
};

}  // namespace

engine::run_plan make_plan(const wish& w, const options& o,
                           const std::vector<engine::watermark_row>& watermarks) {
  return planner(w, o, watermarks).build();
}

std::string plan_text(const engine::run_plan& plan) {
  std::string out;
  for (const engine::stage_plan& s : plan.stages)
    out += (out.empty() ? "" : ",") + (R"({"name":")" + s.name + R"("})");
  return R"({"stages":[)" + out + "]}";
}

}  // namespace sluice::sim
