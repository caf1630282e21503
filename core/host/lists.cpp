#include "host/lists.hpp"

#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/row_key.hpp"
#include "host/cancel.hpp"
#include "host/receipt.hpp"

namespace sluice::host {

namespace {

// The newest ended run of each tenant and pipeline: older rejects may be mended long since.
std::vector<std::string> newest_runs(engine::session& s, const std::string& tenant) {
  constexpr int at_once = 1000;
  std::vector<std::string> out;
  std::set<std::pair<std::string, std::string>> seen;
  for (engine::run_filter filter{tenant, {}, {}, at_once};;) {
    const auto rows = s.list_runs(filter);
    for (const engine::run_row& r : rows) {
      if (engine::is_terminal(r.state) && seen.emplace(r.tenant, r.pipeline).second) out.push_back(r.run_id);
    }
    if (rows.size() < at_once) return out;
    filter.before_run_id = rows.back().run_id;
  }
}

}  // namespace

std::vector<engine::reject_row> list_rejects(engine::session& s, const rejects_ask& ask) {
  if (!ask.run_id.empty()) static_cast<void>(find_run(s, ask.run_id));
  if (ask.all || !ask.run_id.empty()) return s.list_rejects(ask.tenant, ask.run_id, ask.limit);
  std::vector<engine::reject_row> out;
  for (const std::string& run : newest_runs(s, ask.tenant)) {
    const int room = ask.limit - static_cast<int>(out.size());
    if (room <= 0) break;
    for (engine::reject_row& r : s.list_rejects(ask.tenant, run, room)) out.push_back(std::move(r));
  }
  return out;
}

nlohmann::json reject_json(const engine::reject_row& r) {
  return {{"id", r.id},
          {"run_id", r.run_id},
          {"at", instant_json(r.at_us)},
          {"tenant", r.tenant},
          {"stage", r.stage},
          {"item", r.item},
          {"page", r.page_seq},
          {"record", r.what.ordinal < 0 ? nlohmann::json() : nlohmann::json(r.what.ordinal)},
          {"stream", r.what.stream},
          {"key", r.what.key},
          {"field", r.what.field},
          {"reason", r.what.reason},
          {"raw", r.what.raw}};
}

nlohmann::json deferred_json(const engine::deferred_row& r) {
  return {{"tenant", r.tenant},
          {"stream", r.stream},
          {"key", engine::readable_key(r.key)},
          {"reference", r.reference},
          {"parent_stream", r.parent_stream},
          {"parent_key", engine::readable_key(r.parent_key)},
          {"run_id", r.run_id},
          {"first_seen_at", instant_text(r.first_seen_us)},
          {"expires_at", instant_text(r.expires_us)}};
}

nlohmann::json tenant_json(const engine::tenant_row& t) {
  return {{"tenant", t.tenant},
          {"first_seen_at", instant_text(t.first_seen_us)},
          {"seen_at", instant_text(t.seen_us)}};
}

}  // namespace sluice::host
