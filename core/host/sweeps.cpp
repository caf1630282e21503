#include "host/sweeps.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "manifest/reference.hpp"

namespace sluice::host {

namespace {

bool reads_all(const engine::run_plan& plan, const std::string& stage) {
  const engine::stage_plan* s = plan.find_stage(stage);
  return s != nullptr && (!s->watermark || s->watermark->full);
}

// A template with the tenant's parts in place; nothing when the tenant has no such variable.
std::optional<std::vector<engine::value_piece>> pieces_of(const manifest::pipeline& pipeline,
                                                          const std::string& tenant,
                                                          const std::string& text) {
  using manifest::reference_kind;
  std::vector<engine::value_piece> out;
  for (const manifest::text_part& p : manifest::scan_references(text).parts) {
    switch (p.kind) {
      case reference_kind::literal: out.push_back({false, p.name}); break;
      case reference_kind::tenant: out.push_back({false, tenant}); break;
      case reference_kind::subject: out.push_back({true, "subject"}); break;
      case reference_kind::parent: out.push_back({true, "parent." + p.name}); break;
      case reference_kind::tenant_var: {
        const auto known = pipeline.tenants.known.find(tenant);
        if (known == pipeline.tenants.known.end()) return std::nullopt;
        const auto value = known->second.vars.find(p.name);
        if (value == known->second.vars.end()) return std::nullopt;
        out.push_back({false, value->second});
        break;
      }
      default: return std::nullopt;
    }
  }
  return out;
}

std::optional<engine::partition_rule> rule_of(const manifest::pipeline& pipeline, const std::string& tenant,
                                              const std::string& stage, const manifest::partition& from) {
  engine::partition_rule rule{stage, {}, from.others};
  for (const auto& [column, text] : from.values) {
    auto pieces = pieces_of(pipeline, tenant, text);
    if (!pieces) return std::nullopt;
    rule.values.emplace_back(column, std::move(*pieces));
  }
  return rule;
}

// Of a stream: the partitions that this run can prove.
std::vector<engine::partition_rule> rules_of(const engine::run_plan& plan, const manifest::pipeline& pipeline,
                                             const std::string& tenant, const engine::sweep_plan& of,
                                             bool of_subject) {
  std::vector<engine::partition_rule> out;
  for (const std::string& name : of.stages) {
    if (!reads_all(plan, name)) continue;
    const manifest::read& read = *pipeline.find_read(name);
    const bool by_subject = of_subject && read.subject.has_value();
    for (const manifest::partition& p : by_subject ? read.subject->partitions : read.partitions) {
      const bool proven = std::all_of(p.others.begin(), p.others.end(),
                                      [&](const std::string& s) { return reads_all(plan, s); });
      if (p.stream != of.stream || !proven) continue;
      if (auto rule = rule_of(pipeline, tenant, name, p)) out.push_back(std::move(*rule));
    }
  }
  return out;
}

// The streams of an entry with the reads that feed them.
std::vector<engine::sweep_plan> streams_of_entry(const manifest::pipeline& pipeline, const std::string& entry,
                                                 const engine::delete_guard& guard) {
  std::vector<engine::sweep_plan> out;
  for (const manifest::read& read : pipeline.reads) {
    if (read.entry != entry) continue;
    for (const std::string& stream : read.streams) {
      const auto at = std::find_if(out.begin(), out.end(),
                                   [&](const engine::sweep_plan& s) { return s.stream == stream; });
      if (at != out.end()) at->stages.push_back(read.stage);
      else out.push_back({entry, stream, {read.stage}, guard});
    }
  }
  return out;
}

void add_entry(engine::run_plan& plan, const manifest::pipeline& pipeline, const std::string& tenant,
               const std::string& entry, const engine::delete_guard& guard, bool of_subject) {
  for (engine::sweep_plan& s : streams_of_entry(pipeline, entry, guard)) {
    s.whole = !of_subject && std::all_of(s.stages.begin(), s.stages.end(),
                                         [&](const std::string& stage) { return reads_all(plan, stage); });
    s.partitions = rules_of(plan, pipeline, tenant, s, of_subject);
    if (s.whole || !s.partitions.empty()) plan.sweeps.push_back(std::move(s));
  }
}

// A parent that some read may bring which this run leaves out is not known to be missing.
std::optional<std::vector<std::string>> all_that_feed(const engine::run_plan& plan,
                                                      const manifest::pipeline& pipeline,
                                                      const std::string& stream) {
  std::vector<std::string> out;
  for (const manifest::read& read : pipeline.reads) {
    if (std::ranges::find(read.streams, stream) == read.streams.end()) continue;
    if (plan.find_stage(read.stage) == nullptr) return std::nullopt;
    out.push_back(read.stage);
  }
  return out;
}

}  // namespace

void add_missing_rules(engine::run_plan& plan, const manifest::pipeline& pipeline) {
  for (const engine::stage_plan& stage : plan.stages) {
    const manifest::read& read = *pipeline.find_read(stage.name);
    for (const manifest::missing_parent& m : read.missing) {
      auto parents = all_that_feed(plan, pipeline, m.to);
      if (!parents) continue;
      plan.missing.push_back({stage.name, m.stream, m.reference, m.to, std::move(*parents), m.rejects,
                              reads_all(plan, stage.name)});
    }
  }
}

void add_sweeps(engine::run_plan& plan, const manifest::pipeline& pipeline, const std::string& tenant) {
  std::set<std::string> entries;
  for (const manifest::phase* phase : {&pipeline.essential, &pipeline.background}) {
    for (const manifest::item& item : phase->items) {
      if (item.deletes != manifest::deletes::sweep || !entries.insert(item.entry).second) continue;
      const engine::delete_guard guard{item.guard.max, item.guard.floor};
      plan.cascade = {std::max(plan.cascade.share, guard.share), std::max(plan.cascade.floor, guard.floor)};
      add_entry(plan, pipeline, tenant, item.entry, guard, false);
    }
  }
}

void add_subject_sweeps(engine::run_plan& plan, const manifest::pipeline& pipeline,
                        const std::string& tenant) {
  constexpr engine::delete_guard none{1.0, std::numeric_limits<std::int64_t>::max()};
  std::set<std::string> entries, spared;
  for (const manifest::phase* phase : {&pipeline.essential, &pipeline.background}) {
    for (const manifest::item& item : phase->items) {
      if (item.scope != manifest::scope::subject) continue;
      (item.deletes == manifest::deletes::none ? spared : entries).insert(item.entry);
    }
  }
  for (const std::string& entry : entries) {
    if (!spared.contains(entry)) add_entry(plan, pipeline, tenant, entry, none, true);
  }
}

}  // namespace sluice::host
