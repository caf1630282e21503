#include "host/plan_builder.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/failure.hpp"

namespace sluice::host {

namespace {

engine::stage_plan stage_of(const manifest::pipeline& pipeline, const manifest::read& read,
                            engine::phase phase) {
  engine::stage_plan s;
  s.name = read.stage;
  s.entry = read.entry;
  s.phase = phase;
  s.parents = read.parents;
  s.root_vars = "{}";
  if (const manifest::domain* d = pipeline.find_domain(read.entry)) s.critical = d->critical;
  if (const manifest::source* from = pipeline.find_source(read.from)) {
    s.retry = {from->retry.attempts, from->retry.base_us, from->retry.cap_us};
  }
  return s;
}

// A stage belongs to the first phase that asks for it.
void add_phase(engine::run_plan& plan, const manifest::pipeline& pipeline, const manifest::phase& from,
               engine::phase phase) {
  for (const manifest::item& item : from.items) {
    for (const std::string& name : item.stages) {
      const manifest::read* read = pipeline.find_read(name);
      if (read != nullptr && plan.find_stage(name) == nullptr)
        plan.stages.push_back(stage_of(pipeline, *read, phase));
    }
  }
}

// In the manifest's order of reads, which has parents before children.
void sort_stages(engine::run_plan& plan, const manifest::pipeline& pipeline) {
  const auto place = [&](const engine::stage_plan& s) {
    const auto at = std::find_if(pipeline.reads.begin(), pipeline.reads.end(),
                                 [&](const manifest::read& r) { return r.stage == s.name; });
    return at - pipeline.reads.begin();
  };
  std::stable_sort(plan.stages.begin(), plan.stages.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
}

}  // namespace

engine::run_plan build_plan(const manifest::pipeline& pipeline, wanted_phase phases) {
  engine::run_plan plan;
  if (phases != wanted_phase::background)
    add_phase(plan, pipeline, pipeline.essential, engine::phase::essential);
  if (phases != wanted_phase::essential)
    add_phase(plan, pipeline, pipeline.background, engine::phase::background);
  sort_stages(plan, pipeline);
  plan.steps = engine::group_steps(plan.stages);
  return plan;
}

std::string plan_to_json(const engine::run_plan& plan, const plan_names& names) {
  nlohmann::json steps = nlohmann::json::array();
  for (const engine::step_plan& s : plan.steps) {
    steps.push_back(
        {{"name", s.name}, {"phase", engine::to_string(s.phase)}, {"after", s.after}, {"stages", s.stages}});
  }
  // The store's proof asks for every stage by its name: one that never began can't be green.
  nlohmann::json stages = nlohmann::json::array();
  for (const engine::stage_plan& s : plan.stages) stages.push_back({{"name", s.name}});
  return nlohmann::json{{"run_id", names.run_id},     {"tenant", names.tenant},
                        {"pipeline", names.pipeline}, {"correlation_id", names.correlation_id},
                        {"steps", std::move(steps)},  {"stages", std::move(stages)}}
      .dump();
}

engine::run_plan plan_from_json(const std::string& text, const manifest::pipeline& pipeline) {
  engine::run_plan plan;
  const nlohmann::json json = nlohmann::json::parse(text);
  for (const nlohmann::json& step : json.at("steps")) {
    const auto phase = step.at("phase").get<std::string>() == "essential" ? engine::phase::essential
                                                                          : engine::phase::background;
    engine::step_plan s{step.at("name"), phase, step.at("after"), step.at("stages")};
    for (const std::string& name : s.stages) {
      const manifest::read* read = pipeline.find_read(name);
      if (read == nullptr) {
        throw engine::failure(engine::failure_class::invalid, "SLU-6024",
                              "the open run has a stage `" + name +
                                  "` that this manifest doesn't have; run the "
                                  "manifest that it was started with, or cancel it: `sluice runs cancel " +
                                  json.value("run_id", std::string("RUN")) + " --pipeline " + pipeline.file +
                                  "`");
      }
      plan.stages.push_back(stage_of(pipeline, *read, phase));
    }
    plan.steps.push_back(std::move(s));
  }
  return plan;
}

}  // namespace sluice::host
