#include "engine/page_rules.hpp"

namespace sluice::engine {

namespace {

[[noreturn]] void refuse(failure_class kind, const char* code, const stage_plan& stage, const item& it,
                         const std::string& what) {
  throw failure(kind, code, place_of(stage, it) + ": " + what);
}

void check_account(const stage_plan& stage, const item& it, const page& p) {
  const record_counts& r = p.records;
  if (!r.balances()) {
    refuse(failure_class::internal, "SLU-6010", stage, it,
           std::to_string(r.records) + " records were read, but " + std::to_string(r.mapped) + " mapped + " +
               std::to_string(r.filtered) + " filtered + " + std::to_string(r.rejected) + " rejected");
  }
  for (const stream_rows& s : p.streams) {
    const auto rows = static_cast<std::size_t>(s.rows.get().length);
    if (s.hashes.size() != rows || (!s.refused.empty() && s.refused.size() != rows)) {
      refuse(failure_class::internal, "SLU-6011", stage, it,
             "stream `" + s.schema->name + "` has rows without a hash");
    }
  }
}

}  // namespace

std::string place_of(const stage_plan& stage, const item& it) {
  const std::string page = ", page " + std::to_string(it.page_seq + 1);
  return "stage `" + stage.name + "`" + page + (stage.parents.empty() ? "" : " of item " + it.id);
}

void check_page(const stage_plan& stage, const item& it, const page& p) {
  check_account(stage, it, p);
  if (p.end) return;
  if (p.next_state.size() > max_page_state) {
    refuse(failure_class::invalid, "SLU-6012", stage, it,
           "the state of the next page has " + std::to_string(p.next_state.size()) +
               " bytes; at most 4096 are kept");
  }
  if (p.next_state == it.page_state) {
    refuse(failure_class::invalid, "SLU-6013", stage, it,
           "the next page is the same page again; the upstream's paging does not advance");
  }
}

}  // namespace sluice::engine
