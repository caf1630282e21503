// A plan as JSON: what backends sequence, and what is kept with the run.
#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "host/plan_builder.hpp"

namespace sluice::host {

namespace {

nlohmann::json guard_json(const engine::delete_guard& g) { return {{"share", g.share}, {"floor", g.floor}}; }

engine::delete_guard guard_from(const nlohmann::json& j) {
  return {j.at("share").get<double>(), j.at("floor").get<std::int64_t>()};
}

nlohmann::json rule_json(const engine::partition_rule& r) {
  nlohmann::json values = nlohmann::json::object();
  for (const auto& [column, pieces] : r.values) {
    nlohmann::json& value = values[column] = nlohmann::json::array();
    for (const engine::value_piece& p : pieces) value.push_back({{p.variable ? "var" : "text", p.text}});
  }
  return {{"stage", r.stage}, {"others", r.others}, {"values", std::move(values)}};
}

engine::partition_rule rule_from(const nlohmann::json& j) {
  engine::partition_rule out{j.at("stage"), {}, j.at("others")};
  for (const auto& [column, pieces] : j.at("values").items()) {
    auto& value = out.values.emplace_back(column, std::vector<engine::value_piece>{}).second;
    for (const nlohmann::json& p : pieces) {
      const bool variable = p.contains("var");
      value.push_back({variable, p.at(variable ? "var" : "text").get<std::string>()});
    }
  }
  return out;
}

nlohmann::json sweep_json(const engine::sweep_plan& s) {
  nlohmann::json partitions = nlohmann::json::array();
  for (const engine::partition_rule& r : s.partitions) partitions.push_back(rule_json(r));
  return {{"entry", s.entry},   {"stream", s.stream},
          {"stages", s.stages}, {"guard", guard_json(s.guard)},
          {"whole", s.whole},   {"partitions", std::move(partitions)}};
}

engine::sweep_plan sweep_from(const nlohmann::json& j) {
  engine::sweep_plan out{
      j.at("entry"), j.at("stream"), j.at("stages"), guard_from(j.at("guard")), j.value("whole", true), {}};
  for (const nlohmann::json& r : j.value("partitions", nlohmann::json::array())) {
    out.partitions.push_back(rule_from(r));
  }
  return out;
}

nlohmann::json missing_json(const engine::missing_rule& r) {
  return {{"stage", r.stage},     {"stream", r.stream},   {"reference", r.reference}, {"to", r.to},
          {"parents", r.parents}, {"rejects", r.rejects}, {"whole", r.whole}};
}

engine::missing_rule missing_from(const nlohmann::json& j) {
  return {j.at("stage"),   j.at("stream"),  j.at("reference"), j.at("to"),
          j.at("parents"), j.at("rejects"), j.at("whole")};
}

// What a stored plan says of a stage beyond the manifest: its watermark is that of the day it was made.
void take_stored(engine::stage_plan& stage, const nlohmann::json& stages) {
  for (const nlohmann::json& s : stages) {
    if (s.at("name") != stage.name) continue;
    stage.root_vars = s.at("vars").get<std::string>();
    if (nlohmann::json::parse(stage.root_vars).contains("subject")) read_for_subject(stage, stage.root_vars);
    stage.why = s.at("why").get<std::string>();
    if (!s.contains("watermark")) continue;
    const nlohmann::json& w = s.at("watermark");
    stage.watermark = {w.at("mapping").get<std::string>(), w.at("lag_us").get<std::int64_t>(),
                       w.at("full").get<bool>()};
  }
}

// The form of a stored plan. Raise it when an older program must not go on with a plan of this one.
constexpr int plan_format = 1;

// Plans of before there were numbers are of the first form.
void check_format(const nlohmann::json& plan) {
  const int found = plan.value("format", 1);
  if (found <= plan_format) return;
  throw engine::failure(engine::failure_class::transient, "SLU-6081",
                        "the open run " + plan.value("run_id", std::string("RUN")) +
                            " was begun by a newer sluice (plan format " + std::to_string(found) +
                            ", this program knows " + std::to_string(plan_format) +
                            "): it is left to that one; upgrade sluice on this host, or wait for its end");
}

}  // namespace

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
  for (const engine::sweep_plan& s : plan.sweeps) sweeps.push_back(sweep_json(s));
  nlohmann::json missing = nlohmann::json::array();
  for (const engine::missing_rule& r : plan.missing) missing.push_back(missing_json(r));
  nlohmann::json out{{"format", plan_format},
                     {"run_id", names.run_id},
                     {"tenant", names.tenant},
                     {"pipeline", names.pipeline},
                     {"correlation_id", names.correlation_id},
                     {"steps", std::move(steps)},
                     {"stages", std::move(stages)},
                     {"sweeps", std::move(sweeps)},
                     {"missing", std::move(missing)},
                     {"cascade", guard_json(plan.cascade)},
                     {"left_out", plan.left_out},
                     {"deadline_us", plan.deadline_us}};
  if (!names.route.empty()) out["route"] = nlohmann::json::parse(names.route);
  return out.dump();
}

engine::run_plan plan_from_json(const std::string& text, const manifest::pipeline& pipeline) {
  engine::run_plan plan;
  const nlohmann::json json = nlohmann::json::parse(text);
  check_format(json);
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
  for (const nlohmann::json& s : json.at("sweeps")) plan.sweeps.push_back(sweep_from(s));
  for (const nlohmann::json& r : json.value("missing", nlohmann::json::array()))
    plan.missing.push_back(missing_from(r));
  plan.cascade = guard_from(json.at("cascade"));
  plan.left_out = json.at("left_out").get<std::vector<std::string>>();
  plan.deadline_us = json.value("deadline_us", std::int64_t{0});
  return plan;
}

}  // namespace sluice::host
