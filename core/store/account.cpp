#include "store/account.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/planted.hpp"
#include "store/errors.hpp"

namespace sluice::store {

namespace {

using engine::phase;
using engine::run_state;
using engine::stage_state;

// The stages that a plan names: {"stages":[{"name":"entities.users"},…]}. A plan of another form names none.
std::vector<std::string> planned_stages(const std::string& plan) {
  std::vector<std::string> out;
  const auto j = nlohmann::json::parse(plan, nullptr, false);
  if (!j.is_object() || !j.contains("stages") || !j["stages"].is_array()) return out;
  for (const auto& stage : j["stages"]) {
    if (stage.is_object() && stage.contains("name") && stage["name"].is_string())
      out.push_back(stage["name"]);
  }
  return out;
}

struct finding {
  bool grave = false;  // a critical or essential stage
  std::string code, text;
};

std::optional<finding> look_at(const stage_account& s) {
  const engine::stage_row& row = s.row;
  const bool grave = row.critical || row.phase == phase::essential;
  if (row.state == stage_state::complete) {
    const std::string why = unproven(s);
    if (why.empty()) return std::nullopt;
    return finding{grave, code::unproven, why};
  }
  if (row.state == stage_state::failed || row.state == stage_state::cancelled) {
    return finding{grave, row.error_code,
                   row.error.empty() ? "stage `" + row.stage + "` did not complete" : row.error};
  }
  return finding{grave, code::unproven, "stage `" + row.stage + "` has not ended"};
}

bool has_rejects(const stage_account& s) {
  return s.row.records.rejected > 0 ||
         std::any_of(s.row.streams.begin(), s.row.streams.end(),
                     [](const auto& stream) { return stream.second.rejected > 0; });
}

std::vector<finding> findings_of(const run_account& run) {
  std::vector<finding> out;
  for (const stage_account& s : run.stages) {
    if (auto f = look_at(s)) out.push_back(std::move(*f));
  }
  for (const std::string& name : planned_stages(run.plan)) {
    const bool begun = std::any_of(run.stages.begin(), run.stages.end(),
                                   [&](const stage_account& s) { return s.row.stage == name; });
    if (!begun) out.push_back({false, code::unproven, "stage `" + name + "` of the plan never began"});
  }
  if (run.open_items > 0 && out.empty()) {
    out.push_back({false, code::unproven, std::to_string(run.open_items) + " work items are still open"});
  }
  // What is grave first: it is what people read.
  std::stable_partition(out.begin(), out.end(), [](const finding& f) { return f.grave; });
  return out;
}

}  // namespace

std::string unproven(const stage_account& s) {
  const engine::stage_row& row = s.row;
  const std::string where = "stage `" + row.stage + "`: ";
  if (row.items_open > 0) return where + std::to_string(row.items_open) + " work items are still open";
  if (s.page_seq_sum != row.pages) {
    return where + "the checkpoints speak of " + std::to_string(s.page_seq_sum) + " pages, the ledger of " +
           std::to_string(row.pages);
  }
  if (s.items_unended > 0) {
    return where + std::to_string(s.items_unended) + " work items ended without the upstream's last page";
  }
  if (!row.records.balances()) {
    return where + std::to_string(row.records.records) + " records, but " +
           std::to_string(row.records.mapped) + " mapped + " + std::to_string(row.records.filtered) +
           " filtered + " + std::to_string(row.records.rejected) + " rejected";
  }
  for (const auto& [stream, c] : row.streams) {
    if (!c.balances()) {
      return where + std::to_string(c.rows) + " rows of `" + stream +
             "` were read, but what became of them adds up to " +
             std::to_string(c.inserted + c.updated + c.unchanged + c.deleted + c.deferred + c.rejected);
    }
  }
  if (s.unbalanced > 0) return where + std::to_string(s.unbalanced) + " lines of the ledger do not add up";
  return {};
}

std::string why_no_sweep(const std::vector<stage_account>& run, const std::vector<std::string>& stages) {
  for (const std::string& name : stages) {
    const auto at =
        std::find_if(run.begin(), run.end(), [&](const stage_account& s) { return s.row.stage == name; });
    const std::string where = "stage `" + name + "` ";
    if (at == run.end() || at->row.state != stage_state::complete) return where + "is not complete";
    if (const std::string why = unproven(*at); !why.empty()) return why;
    if (at->row.suspect) return where + "brought nothing, where the run before had brought records";
    if (at->row.records.rejected > 0) {
      return where + "met " + std::to_string(at->row.records.rejected) + " records that it could not read";
    }
  }
  return {};
}

std::string too_early(const std::string& run_id) {
  return "run " + run_id +
         " has ended later than it is by the database's clock, which must have gone back: what was "
         "brought since can't be told. Run again, or approve when the clock has passed the end of the run";
}

verdict judge(const run_account& run) {
  if (run.cancelled) return {run_state::cancelled, run.error_code, run.error};
  if (!run.error_code.empty() || !run.error.empty()) return {run_state::failed, run.error_code, run.error};
  const std::vector<finding> findings = findings_of(run);
  if (!findings.empty()) {
    const finding& first = findings.front();
    if (first.grave || run.held == 0) {
      return {first.grave ? run_state::failed : run_state::partial, first.code, first.text};
    }
  }
  if (run.held > 0) {
    return {run_state::held, code::deletes_held,
            std::to_string(run.held) +
                " rows have vanished upstream, more than the guard lets through; look "
                "into it, then `sluice runs approve` deletes them"};
  }
  for (const stage_account& s : run.stages) {
    if (!s.row.suspect) continue;
    return {run_state::partial, code::suspect,
            "stage `" + s.row.stage +
                "` brought nothing, where the run before had brought records; if that "
                "is right, the next run takes it for granted"};
  }
  const bool rejects = run.rejects > 0 || std::any_of(run.stages.begin(), run.stages.end(), has_rejects);
  if ((rejects || run.deferred > 0) && !SLUICE_BUG(success_without_proof))
    return {run_state::partial, {}, {}};
  return {run_state::succeeded, {}, {}};
}

}  // namespace sluice::store
