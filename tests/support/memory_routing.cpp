// What routing asks of a memory store.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "support/memory_tables.hpp"

namespace sluice::testing {

using lock = std::lock_guard<std::recursive_mutex>;

std::int64_t memory_tables::count_holding(const std::string& tenant, const std::string& stream,
                                          const std::string& column, const std::string& value) {
  const lock taken(state_.mutex);
  const entries_of rows(state_.rows[stream], tenant);
  return std::count_if(rows.begin(), rows.end(), [&](const auto& entry) {
    if (entry.second.deleted) return false;
    if (column.empty()) return true;
    const nlohmann::json values = nlohmann::json::parse(entry.second.values);
    return values.contains(column) && values.at(column) == value;
  });
}

std::optional<engine::run_row> memory_tables::last_run(const std::string& tenant,
                                                       const std::string& pipeline) {
  const lock taken(state_.mutex);
  const store::embedded::run_record* newest = nullptr;
  std::int64_t order = -1;
  for (const auto& [id, run] : state_.runs) {
    const std::int64_t at = state_.run_order.at(id);
    if (run.row.tenant != tenant || run.row.pipeline != pipeline || at < order) continue;
    order = at;
    newest = &run;
  }
  if (newest == nullptr) return std::nullopt;
  return newest->row;
}

}  // namespace sluice::testing
