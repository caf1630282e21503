#include "store/audit.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace sluice::store {

namespace {

std::string number(const std::string& expression) { return "CAST(" + expression + " AS TEXT)"; }

// Pages are numbered from 0 without a gap, as many as the item's checkpoint says.
std::string page_gaps(const std::string& prefix, const std::string& run) {
  return "SELECT i.stage, i.item, 'the checkpoint is at page ' || " + number("max(i.page_seq)") +
         " || ', the ledger has ' || " + number("count(p.page_seq)") + " || ' pages, from ' || " +
         number("coalesce(min(p.page_seq), 0)") + " || ' to ' || " + number("coalesce(max(p.page_seq), -1)") +
         " FROM " + prefix + "items i LEFT JOIN " + prefix +
         "pages p ON p.run_id = i.run_id AND p.stage = i.stage AND p.item = i.item WHERE i.run_id = " + run +
         " GROUP BY i.stage, i.item HAVING count(p.page_seq) <> max(i.page_seq)"
         " OR coalesce(max(p.page_seq), -1) <> max(i.page_seq) - 1 OR coalesce(min(p.page_seq), 0) <> 0";
}

std::string lost_pages(const std::string& prefix, const std::string& run) {
  return "SELECT p.stage, p.item, 'page ' || " + number("p.page_seq") +
         " || ' belongs to no work item' FROM " + prefix + "pages p LEFT JOIN " + prefix +
         "items i ON i.run_id = p.run_id AND i.stage = p.stage AND i.item = p.item WHERE p.run_id = " + run +
         " AND i.run_id IS NULL";
}

std::string unbalanced_pages(const std::string& prefix, const std::string& run) {
  return "SELECT stage, item, 'page ' || " + number("page_seq") + " || ': ' || " + number("records") +
         " || ' records, but ' || " + number("mapped") + " || ' mapped + ' || " + number("filtered") +
         " || ' filtered + ' || " + number("rejected") + " || ' rejected' FROM " + prefix +
         "pages WHERE run_id = " + run + " AND records <> mapped + filtered + rejected";
}

std::string unbalanced_lines(const std::string& prefix, const std::string& run) {
  const std::string sum = "inserted + updated + unchanged + deleted + deferred + rejected";
  return "SELECT stage, item, 'page ' || " + number("page_seq") + " || ': ' || " + number("rows") +
         " || ' rows of `' || stream || '`, but what became of them adds up to ' || " + number(sum) +
         " FROM " + prefix + "ledger WHERE run_id = " + run + " AND rows <> " + sum;
}

std::string lost_lines(const std::string& prefix, const std::string& run) {
  return "SELECT l.stage, l.item, 'a line of ' || " + number("l.rows") +
         " || ' rows of `' || l.stream || '` belongs to no page (' || " + number("l.page_seq") +
         " || ')' FROM " + prefix + "ledger l LEFT JOIN " + prefix +
         "pages p ON p.run_id = l.run_id AND p.stage = l.stage AND p.item = l.item AND p.page_seq = "
         "l.page_seq "
         "WHERE l.run_id = " +
         run + " AND l.rows > 0 AND p.run_id IS NULL";
}

std::vector<std::string> planned(const std::string& plan) {
  std::vector<std::string> out;
  const auto j = nlohmann::json::parse(plan, nullptr, false);
  if (!j.is_object() || !j.contains("stages")) return out;
  for (const auto& stage : j["stages"]) out.push_back(stage.value("name", ""));
  return out;
}

}  // namespace

std::vector<std::string> audit_queries(const std::string& prefix, const std::string& run) {
  return {page_gaps(prefix, run), lost_pages(prefix, run), unbalanced_pages(prefix, run),
          unbalanced_lines(prefix, run), lost_lines(prefix, run)};
}

std::vector<engine::audit_finding> audit_state(const engine::run_row& run,
                                               const std::vector<stage_account>& stages,
                                               std::int64_t open_items) {
  std::vector<engine::audit_finding> out;
  for (const stage_account& s : stages) {
    if (s.row.state != engine::stage_state::complete) continue;
    if (std::string why = unproven(s); !why.empty()) {
      out.push_back({s.row.stage, {}, "is called complete, and is not: " + why});
    }
  }
  if (run.state != engine::run_state::succeeded) return out;
  if (open_items > 0) {
    out.push_back({{}, {}, "is called succeeded with " + std::to_string(open_items) + " open work items"});
  }
  for (const std::string& name : planned(run.plan)) {
    const bool complete = std::any_of(stages.begin(), stages.end(), [&](const stage_account& s) {
      return s.row.stage == name && s.row.state == engine::stage_state::complete;
    });
    if (!complete) out.push_back({name, {}, "is not complete, and the run is called succeeded"});
  }
  return out;
}

}  // namespace sluice::store
