#include "host/retry.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "host/plan_builder.hpp"

namespace sluice::host {

namespace {

bool was_complete(const engine::run_row& run, const std::string& stage) {
  return std::any_of(run.stages.begin(), run.stages.end(), [&](const engine::stage_row& s) {
    return s.stage == stage && s.state == engine::stage_state::complete && !s.suspect;
  });
}

std::set<std::string> stages_to_repeat(const engine::run_row& run, bool all) {
  std::set<std::string> out;
  const auto plan = nlohmann::json::parse(run.plan, nullptr, false);
  if (!plan.is_object()) return out;
  for (const auto& step : plan.value("steps", nlohmann::json::array())) {
    const auto stages = step.value("stages", std::vector<std::string>{});
    const bool open = std::any_of(stages.begin(), stages.end(),
                                  [&](const std::string& s) { return !was_complete(run, s); });
    if (all || open) out.insert(stages.begin(), stages.end());
  }
  return out;
}

}  // namespace

engine::run_plan retry_plan(const manifest::pipeline& pipeline, const engine::run_row& run,
                            const read_history& history, bool all) {
  if (run.mode == "replay") {
    throw engine::failure(
        engine::failure_class::invalid, "SLU-6056",
        "run " + run.run_id + " brought rejects again; `sluice rejects retry` brings what is left of them");
  }
  const std::set<std::string> wanted = stages_to_repeat(run, all);
  if (wanted.empty()) {
    throw engine::failure(
        engine::failure_class::invalid, "SLU-6052",
        "run " + run.run_id + " (" + std::string(engine::to_string(run.state)) +
            ") has read everything; --all reads it all again, `sluice rejects retry` brings "
            "again what was refused");
  }
  const std::string subject = subject_of(run.scope);
  read_history not_fresh = history;
  not_fresh.fresh.clear();
  engine::run_plan plan = build_plan(
      pipeline,
      {run.tenant, wanted_phase::both, subject.empty() ? run_part::whole : run_part::subject, subject},
      not_fresh);
  for (const std::string& name : wanted) {
    if (plan.find_stage(name) != nullptr) continue;
    throw engine::failure(engine::failure_class::invalid, "SLU-6053",
                          "run " + run.run_id + " has a stage `" + name +
                              "` that this manifest does not read any more; start a new run");
  }
  std::erase_if(plan.stages, [&](const engine::stage_plan& s) { return !wanted.contains(s.name); });
  // A sweep is proven by all reads of its stream.
  std::erase_if(plan.sweeps, [&](const engine::sweep_plan& s) {
    return !std::all_of(s.stages.begin(), s.stages.end(),
                        [&](const auto& stage) { return wanted.contains(stage); });
  });
  plan.steps = engine::group_steps(plan.stages);
  return plan;
}

run_ask retry_ask(const manifest::pipeline& pipeline, engine::session& session, const engine::run_row& run,
                  bool all) {
  const read_history history{session.watermarks(run.tenant, run.pipeline), {}, session.now_us()};
  run_ask ask;
  ask.tenant = run.tenant;
  ask.retry_of = run.run_id;
  if (const std::string subject = subject_of(run.scope); !subject.empty()) {
    ask.part = run_part::subject;
    ask.subject = subject;
  }
  // An open run is joined, whatever is left of it.
  if (engine::is_terminal(run.state)) ask.plan = retry_plan(pipeline, run, history, all);
  return ask;
}

}  // namespace sluice::host
