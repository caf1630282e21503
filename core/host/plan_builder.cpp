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
               engine::phase phase, const read_history& history) {
  for (const manifest::item& item : from.items) {
    const bool fresh = is_fresh(pipeline, from, item, history);
    for (const std::string& name : item.stages) {
      const manifest::read* read = pipeline.find_read(name);
      if (read == nullptr || plan.find_stage(name) != nullptr) continue;
      if (fresh) {
        plan.left_out.push_back(name);
        continue;
      }
      plan.stages.push_back(stage_of(pipeline, *read, phase));
      set_watermark(plan.stages.back(), item, *read, history);
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

nlohmann::json guard_json(const engine::delete_guard& g) { return {{"share", g.share}, {"floor", g.floor}}; }

engine::delete_guard guard_from(const nlohmann::json& j) {
  return {j.at("share").get<double>(), j.at("floor").get<std::int64_t>()};
}

// What a stored plan says of a stage beyond the manifest: its watermark is that of the day it was made.
void take_stored(engine::stage_plan& stage, const nlohmann::json& stages) {
  for (const nlohmann::json& s : stages) {
    if (s.at("name") != stage.name) continue;
    stage.root_vars = s.at("vars").get<std::string>();
    stage.why = s.at("why").get<std::string>();
    if (!s.contains("watermark")) continue;
    const nlohmann::json& w = s.at("watermark");
    stage.watermark = {w.at("mapping").get<std::string>(), w.at("lag_us").get<std::int64_t>(),
                       w.at("full").get<bool>()};
  }
}

}  // namespace

engine::run_plan build_plan(const manifest::pipeline& pipeline, wanted_phase phases,
                            const read_history& history) {
  engine::run_plan plan;
  if (phases != wanted_phase::background) {
    add_phase(plan, pipeline, pipeline.essential, engine::phase::essential, history);
  }
  if (phases != wanted_phase::essential) {
    add_phase(plan, pipeline, pipeline.background, engine::phase::background, history);
  }
  sort_stages(plan, pipeline);
  add_sweeps(plan, pipeline);
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
  for (const engine::stage_plan& s : plan.stages) {
    nlohmann::json& stage =
        stages.emplace_back(nlohmann::json{{"name", s.name}, {"vars", s.root_vars}, {"why", s.why}});
    if (s.watermark) {
      stage["watermark"] = {
          {"mapping", s.watermark->mapping}, {"lag_us", s.watermark->lag_us}, {"full", s.watermark->full}};
    }
  }
  nlohmann::json sweeps = nlohmann::json::array();
  for (const engine::sweep_plan& s : plan.sweeps) {
    sweeps.push_back(
        {{"entry", s.entry}, {"stream", s.stream}, {"stages", s.stages}, {"guard", guard_json(s.guard)}});
  }
  return nlohmann::json{{"run_id", names.run_id},      {"tenant", names.tenant},
                        {"pipeline", names.pipeline},  {"correlation_id", names.correlation_id},
                        {"steps", std::move(steps)},   {"stages", std::move(stages)},
                        {"sweeps", std::move(sweeps)}, {"cascade", guard_json(plan.cascade)},
                        {"left_out", plan.left_out}}
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
      take_stored(plan.stages.back(), json.at("stages"));
    }
    plan.steps.push_back(std::move(s));
  }
  for (const nlohmann::json& s : json.at("sweeps")) {
    plan.sweeps.push_back({s.at("entry"), s.at("stream"), s.at("stages"), guard_from(s.at("guard"))});
  }
  plan.cascade = guard_from(json.at("cascade"));
  plan.left_out = json.at("left_out").get<std::vector<std::string>>();
  return plan;
}

}  // namespace sluice::host
