#include "host/replay.hpp"

#include <algorithm>

#include "host/plan_builder.hpp"
#include "host/replay_reader.hpp"

namespace sluice::host {

namespace {

// A stage of its own for each of those that have rejects: whatever it hangs on, its records are there.
engine::run_plan replay_plan(const manifest::pipeline& pipeline, const std::string& tenant,
                             const std::vector<std::string>& stages) {
  engine::run_plan plan;
  const engine::run_plan usual = build_plan(pipeline, {tenant}, {});
  for (const std::string& name : stages) {
    const engine::stage_plan* known = usual.find_stage(name);
    engine::stage_plan s;
    s.name = name;
    s.entry = known != nullptr ? known->entry : pipeline.find_read(name)->entry;
    s.root_vars = "{}";
    s.why = "records that were refused before";
    s.rejects = {1.0, 0};  // they may all be refused again
    plan.stages.push_back(std::move(s));
  }
  plan.steps = engine::group_steps(plan.stages);
  return plan;
}

}  // namespace

replay_result replay_rejects(local_host& host, const manifest::pipeline& pipeline, const replay_ask& ask) {
  replay_result out;
  std::vector<std::string> stages;
  engine::inspector& in = host.session().inspect();
  for (const engine::reject_count& c : in.count_rejects(ask.tenant, pipeline.name)) {
    if (!ask.run_id.empty() && c.run_id != ask.run_id) continue;
    if (std::find(stages.begin(), stages.end(), c.stage) != stages.end()) continue;
    if (pipeline.find_read(c.stage) != nullptr) {
      stages.push_back(c.stage);
      continue;
    }
    out.rejects += c.rejects;
    out.left.push_back(
        {0,
         c.run_id,
         c.stage,
         {},
         {},
         "the manifest has no such stage any more (" + std::to_string(c.rejects) + " rejects)"});
  }
  if (stages.empty()) return out;
  replay_reader reader(host, pipeline, ask);
  const local_ask run{ask.tenant,   "rejects",
                      "replay",     "rejects are brought again",
                      ask.run_id,   replay_plan(pipeline, ask.tenant, stages),
                      &reader,      ask.on_progress,
                      ask.cancelled};
  out.run = host.execute(run);
  reader.add_to(out);
  return out;
}

}  // namespace sluice::host
