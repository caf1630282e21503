#include "engine/types.hpp"

#include <stdexcept>
#include <utility>

namespace sluice::engine {

namespace {

constexpr std::string_view run_states[] = {"queued", "running", "succeeded", "partial", "held", "failed", "cancelled"};
constexpr std::string_view stage_states[] = {"pending", "running", "complete", "failed", "cancelled"};

template <class Enum, std::size_t N>
Enum find(const std::string_view (&names)[N], std::string_view text, const char* what) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  throw std::invalid_argument("not a " + std::string(what) + ": `" + std::string(text) + "`");
}

}  // namespace

std::string_view to_string(run_state s) { return run_states[static_cast<std::size_t>(s)]; }
std::string_view to_string(stage_state s) { return stage_states[static_cast<std::size_t>(s)]; }
std::string_view to_string(phase p) { return p == phase::essential ? "essential" : "background"; }
run_state run_state_from(std::string_view s) { return find<run_state>(run_states, s, "run state"); }
stage_state stage_state_from(std::string_view s) { return find<stage_state>(stage_states, s, "stage state"); }

row_counts& row_counts::operator+=(const row_counts& o) noexcept {
  rows += o.rows;
  inserted += o.inserted;
  updated += o.updated;
  unchanged += o.unchanged;
  deleted += o.deleted;
  deferred += o.deferred;
  rejected += o.rejected;
  duplicate += o.duplicate;
  stale += o.stale;
  skipped += o.skipped;
  resolved_inserted += o.resolved_inserted;
  resolved_updated += o.resolved_updated;
  resolved_unchanged += o.resolved_unchanged;
  swept += o.swept;
  return *this;
}

record_counts& record_counts::operator+=(const record_counts& o) noexcept {
  records += o.records;
  mapped += o.mapped;
  filtered += o.filtered;
  rejected += o.rejected;
  return *this;
}

}  // namespace sluice::engine
