// How a run ends: `succeeded` is a proof, everything else has a reason, and an end is an end.
#include <set>

#include "invariants/parts.hpp"
#include "support/memory_state.hpp"
#include "upstream.hpp"

namespace sluice::sim {

namespace {

using engine::run_state;
using engine::stage_state;

class outcome_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "outcome"; }

  void committed(const caller&, const engine::commit_request& request,
                 const engine::commit_result&) override {
    for (const engine::page_write& w : request.pages) {
      auto& open = open_[{request.run_id, w.stage}];
      if (w.end) open.erase(w.item);
      else open.insert(w.item);
      for (const engine::child_item& c : w.page.children) open_[{request.run_id, c.stage}].insert(c.item);
      for (const engine::stream_rows& s : w.page.streams) {
        for (const brought_row& row : rows_of(s, 0))
          brought_[request.run_id].emplace(s.schema->name, row.key);
      }
    }
  }
  void dropped(const caller&, const std::string& run, const std::string& stage,
               const std::string& item) override {
    open_[{run, stage}].erase(item);
  }
  void ended(const engine::stage_end& end) override {
    if (end.state == stage_state::complete && !open_[{end.run_id, end.stage}].empty())
      broken("run " + end.run_id + ": " + end.stage + " is complete with open items");
    const engine::record_counts read = read_by(end.run_id, end.stage);
    if (end.state == stage_state::complete && scene_.drawn.rejects().holds(read.rejected, read.records))
      broken("run " + end.run_id + ": " + end.stage + " is complete with too much refused");
  }

  void finished(const caller&, const std::string& run, run_state state) override {
    const auto [at, first] = ends_.emplace(run, state);
    if (!first) {
      if (at->second != state) broken("run " + run + " has ended twice, and not alike");
      return;
    }
    const auto& stored = scene_.stored.runs.at(run);
    if (state == run_state::succeeded) check_proof(run);
    if (state == run_state::cancelled && !stored.cancel_requested)
      broken("run " + run + " was cancelled by nobody");
    if (state == run_state::partial && !has_reason(run))
      broken("run " + run + " is partial without a reason: " + stored.row.error_code + " " +
             stored.row.error);
    if (state == run_state::failed && stored.row.error_code.empty())
      broken("run " + run + " has failed and doesn't say why");
    if (state == run_state::held && held(run) == 0) broken("run " + run + " holds nothing");
    if (stored.row.error_code == "SLU-6016" || stored.row.error_code == "SLU-5050")
      broken("run " + run + " met a defect: " + stored.row.error);
  }
  void approved(const std::string& run, run_state state) override {
    ends_[run] = state;
    if (state == run_state::succeeded) check_proof(run);
  }

 private:
  [[nodiscard]] engine::record_counts read_by(const std::string& run, const std::string& name) const {
    engine::record_counts out;
    for (const auto& [key, line] : scene_.stored.pages) {
      if (line.run_id == run && line.stage == name) out += line.records;
    }
    return out;
  }
  [[nodiscard]] std::int64_t held(const std::string& run) const {
    std::int64_t n = 0;
    for (const auto& [key, on] : scene_.stored.held) n += std::get<0>(key) == run ? 1 : 0;
    return n;
  }
  [[nodiscard]] bool has_rejects(const std::string& run) const {
    for (const auto& [id, r] : scene_.stored.rejects) {
      if (r.run_id == run) return true;
    }
    return false;
  }
  [[nodiscard]] bool has_deferred(const std::string& run) const {
    for (const auto& [key, d] : scene_.stored.deferred) {
      if (d.run_id == run) return true;
    }
    return false;
  }
  [[nodiscard]] const store::embedded::stage_record* stage(const std::string& run,
                                                           const std::string& name) const {
    const auto at = scene_.stored.stages.find(std::tuple(run, name));
    return at == scene_.stored.stages.end() ? nullptr : &at->second;
  }
  [[nodiscard]] bool has_reason(const std::string& run) const {
    if (has_rejects(run) || has_deferred(run)) return true;
    for (const engine::stage_plan& p : scene_.plans.at(run).stages) {
      const auto* s = stage(run, p.name);
      if (s == nullptr || s->state != stage_state::complete || s->suspect) return true;
    }
    return false;
  }

  void check_proof(const std::string& run) {
    if (has_rejects(run) || has_deferred(run) || held(run) > 0)
      broken("run " + run + " has succeeded with rejects, deferred rows or held deletes");
    for (const engine::stage_plan& p : scene_.plans.at(run).stages) {
      const auto* s = stage(run, p.name);
      if (s == nullptr || s->state != stage_state::complete || s->suspect) {
        broken("run " + run + " has succeeded without " + p.name);
        continue;
      }
      if (!open_[{run, p.name}].empty()) broken("run " + run + " has succeeded with open items of " + p.name);
      const bool full = var(p.root_vars, "since").empty() && var(p.root_vars, "subject").empty();
      if (full && p.parents.empty()) check_brought(run, p.name);
    }
  }

  // What was there all the time of a full read was read.
  void check_brought(const std::string& run, const std::string& list) {
    const std::int64_t since_us = scene_.stored.runs.at(run).row.created_us;
    const std::string& stream = directory::stream_of(list).name;
    for (const auto& [pos, r] : scene_.upstream.list(list)) {
      const std::string key = directory::key_of(list, r);
      if (brought_[run].contains({stream, key})) continue;
      if (scene_.upstream.always_there(stream, key, since_us, scene_.now_us()))
        broken("run " + run + " has succeeded and never saw " + list + " " + r.id);
    }
  }

  using pair = std::pair<std::string, std::string>;
  std::map<pair, std::set<std::string>> open_;  // items, by run and stage
  std::map<std::string, std::set<pair>> brought_;
  std::map<std::string, run_state> ends_;
};

}  // namespace

std::unique_ptr<checker> make_outcome(scene& s) { return std::make_unique<outcome_checker>(s); }

}  // namespace sluice::sim
