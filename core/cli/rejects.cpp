// `sluice rejects list`: what could not be taken, and why.
#include <cstdio>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/look.hpp"
#include "host/cancel.hpp"
#include "host/receipt.hpp"

namespace sluice::cli {

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

std::vector<engine::reject_row> wanted_rejects(engine::session& s, const list_options& o) {
  if (!o.run_id.empty()) static_cast<void>(host::find_run(s, o.run_id));
  if (o.all || !o.run_id.empty()) return s.list_rejects(o.tenant, o.run_id, o.limit);
  std::vector<engine::reject_row> out;
  for (const std::string& run : newest_runs(s, o.tenant)) {
    const int room = o.limit - static_cast<int>(out.size());
    if (room <= 0) break;
    for (engine::reject_row& r : s.list_rejects(o.tenant, run, room)) out.push_back(std::move(r));
  }
  return out;
}

void print_reject(const engine::reject_row& r) {
  std::string what = r.what.stream;
  for (const std::string* part : {&r.what.key, &r.what.field}) {
    if (!part->empty()) what += (what.empty() ? "" : " ") + *part;
  }
  const std::string place = r.what.ordinal < 0 ? "row" : "record " + std::to_string(r.what.ordinal);
  std::printf("%s  %s  %s page %lld %s  %s%s\n", r.run_id.c_str(), host::instant_text(r.at_us).c_str(),
              r.stage.c_str(), static_cast<long long>(r.page_seq), place.c_str(),
              what.empty() ? "" : (what + ": ").c_str(), r.what.reason.c_str());
}

nlohmann::json reject_json(const engine::reject_row& r) {
  return {{"id", r.id},
          {"run_id", r.run_id},
          {"at", host::instant_json(r.at_us)},
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

}  // namespace

int list_rejects(app& a, const list_options& o) {
  return with_session(a, o.pipeline, [&](engine::session& s) {
    const auto rows = wanted_rejects(s, o);
    if (rows.empty()) say_none(a, o, "rejects");
    if (a.options().json) {
      nlohmann::json out = nlohmann::json::array();
      for (const engine::reject_row& r : rows) out.push_back(reject_json(r));
      std::printf("%s\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else {
      for (const engine::reject_row& r : rows) print_reject(r);
    }
    return exit_code::good;
  });
}

}  // namespace sluice::cli
