#include "host/plan_builder.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "host/sweeps.hpp"

namespace sluice::host {

namespace {

// What a run of this part reads of an item.
const std::vector<std::string>& stages_of(const manifest::item& item, run_part part) {
  static const std::vector<std::string> nothing;
  const bool by_subject = item.scope == manifest::scope::subject && !item.subject_stages.empty();
  if (part == run_part::subject) return by_subject ? item.subject_stages : nothing;
  return part == run_part::rest && by_subject ? nothing : item.stages;
}

struct wanted_item {
  const manifest::item* item = nullptr;
  const std::vector<std::string>* stages = nullptr;
  bool fresh = false;
};

// Reads that are not fresh need the records of their parents.
void wake_parents(std::vector<wanted_item>& items, const manifest::pipeline& pipeline, run_part part) {
  std::set<std::string> needed;
  for (bool again = true; again;) {
    again = false;
    for (const wanted_item& i : items) {
      if (i.fresh) continue;
      for (const std::string& stage : *i.stages) {
        const manifest::read* read = pipeline.find_read(stage);
        if (read == nullptr || (part == run_part::subject && read->subject)) continue;
        needed.insert(read->parents.begin(), read->parents.end());
      }
    }
    for (wanted_item& i : items) {
      const bool is_needed = std::any_of(i.stages->begin(), i.stages->end(),
                                         [&](const std::string& s) { return needed.contains(s); });
      if (i.fresh && is_needed) i.fresh = false, again = true;
    }
  }
}

// A stage belongs to the first phase that asks for it.
void add_phase(engine::run_plan& plan, const manifest::pipeline& pipeline, const plan_ask& ask,
               engine::phase phase, const read_history& history) {
  const manifest::phase& from = phase == engine::phase::essential ? pipeline.essential : pipeline.background;
  std::vector<wanted_item> items;
  for (const manifest::item& item : from.items) {
    const auto& stages = stages_of(item, ask.part);
    items.push_back({&item, &stages, is_fresh(pipeline, from, stages, history)});
  }
  wake_parents(items, pipeline, ask.part);
  const std::string subject = nlohmann::json{{"subject", ask.subject}}.dump();
  for (const wanted_item& i : items) {
    for (const std::string& name : *i.stages) {
      const manifest::read* read = pipeline.find_read(name);
      if (read == nullptr || plan.find_stage(name) != nullptr) continue;
      if (i.fresh) {
        plan.left_out.push_back(name);
        continue;
      }
      engine::stage_plan& stage = plan.stages.emplace_back(stage_of(pipeline, *read, phase));
      if (ask.part != run_part::subject) set_watermark(stage, *i.item, *read, history);
      else if (read->subject) read_for_subject(stage, subject);
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

// A stage whose item has a subject is read by what its read says of one, and for no parent.
void read_for_subject(engine::stage_plan& stage, const std::string& vars) {
  stage.root_vars = vars;
  stage.parents.clear();
}

engine::stage_plan stage_of(const manifest::pipeline& pipeline, const manifest::read& read,
                            engine::phase phase) {
  engine::stage_plan s;
  s.name = read.stage;
  s.entry = read.entry;
  s.phase = phase;
  s.parents = read.parents;
  s.root_vars = "{}";
  s.rejects = {read.rejects.max, read.rejects.floor};
  if (const manifest::domain* d = pipeline.find_domain(read.entry)) s.critical = d->critical;
  if (const manifest::source* from = pipeline.find_source(read.from)) {
    s.retry = {from->retry.attempts, from->retry.base_us, from->retry.cap_us};
  }
  return s;
}

engine::history_use history_used(const manifest::pipeline& pipeline, wanted_phase phases, run_part part) {
  engine::history_use out;
  const auto look = [&](const manifest::phase& from) {
    for (const manifest::item& item : from.items) {
      if (stages_of(item, part).empty()) continue;
      out.fresh = out.fresh || from.fresh_for_us > 0;
      out.watermarks =
          out.watermarks || (part != run_part::subject && item.mode == manifest::mode::incremental);
    }
  };
  if (phases != wanted_phase::background) look(pipeline.essential);
  if (phases != wanted_phase::essential) look(pipeline.background);
  return out;
}

engine::run_plan build_plan(const manifest::pipeline& pipeline, const plan_ask& ask,
                            const read_history& history) {
  engine::run_plan plan;
  if (ask.phases != wanted_phase::background) {
    add_phase(plan, pipeline, ask, engine::phase::essential, history);
  }
  if (!plan.stages.empty()) plan.deadline_us = pipeline.essential.deadline_us;
  if (ask.phases != wanted_phase::essential) {
    add_phase(plan, pipeline, ask, engine::phase::background, history);
  }
  sort_stages(plan, pipeline);
  if (ask.part == run_part::subject) add_subject_sweeps(plan, pipeline, ask.tenant);
  else add_sweeps(plan, pipeline, ask.tenant);
  // A run of one subject has not read all parents there are.
  if (ask.part != run_part::subject) add_missing_rules(plan, pipeline);
  plan.steps = engine::group_steps(plan.stages);
  return plan;
}

}  // namespace sluice::host
