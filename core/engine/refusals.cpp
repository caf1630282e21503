#include "engine/refusals.hpp"

#include <string>

namespace sluice::engine {

namespace {

failure too_much(const stage_plan& plan, std::int64_t refused, std::int64_t all, const std::string& of) {
  return {failure_class::invalid, "SLU-6017",
          "stage `" + plan.name + "`: " + std::to_string(refused) + " of " + std::to_string(all) + " " + of +
              " were refused, more than `rejects` of the read allows: the upstream has changed their form, "
              "or the "
              "mapping does not fit it; `sluice rejects list` shows why, and nothing is deleted meanwhile"};
}

}  // namespace

std::optional<failure> refused_too_much(const stage_plan& plan, const record_counts& records,
                                        const row_counts& rows) {
  if (plan.rejects.holds(records.rejected, records.records))
    return too_much(plan, records.rejected, records.records, "records");
  if (plan.rejects.holds(rows.rejected, rows.rows)) return too_much(plan, rows.rejected, rows.rows, "rows");
  return std::nullopt;
}

std::optional<failure> refused_too_much(const stage_plan& plan, const stage_row& booked) {
  for (const auto& [stream, rows] : booked.streams) {
    if (auto why = refused_too_much(plan, booked.records, rows)) return why;
  }
  return refused_too_much(plan, booked.records, {});
}

}  // namespace sluice::engine
