#include "host/receipt.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>

#include <nlohmann/json.hpp>

namespace sluice::host {

namespace {

nlohmann::json instant(std::int64_t us) {
  if (us == 0) return nullptr;
  const std::time_t seconds = us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + n, text.size() - n, ".%03dZ", static_cast<int>(us / 1000 % 1000));
  return std::string(text.data());
}

nlohmann::json elapsed_ms(std::int64_t from_us, std::int64_t to_us) {
  if (from_us == 0 || to_us == 0) return nullptr;
  return (to_us - from_us) / 1000;
}

nlohmann::json stage_json(const engine::stage_row& s) {
  nlohmann::json streams = nlohmann::json::object();
  for (const auto& [name, counts] : s.streams) streams[name] = to_json(counts);
  nlohmann::json out{{"stage", s.stage},
                     {"phase", engine::to_string(s.phase)},
                     {"state", engine::to_string(s.state)},
                     {"pages", s.pages},
                     {"items", {{"done", s.items_done}, {"open", s.items_open}}},
                     {"records", {{"read", s.records.records}, {"mapped", s.records.mapped},
                                  {"filtered", s.records.filtered}, {"rejected", s.records.rejected}}},
                     {"streams", std::move(streams)},
                     {"duration_ms", elapsed_ms(s.started_us, s.ended_us)}};
  if (!s.error_code.empty()) out["error"] = {{"code", s.error_code}, {"message", s.error}};
  return out;
}

using totals = std::map<std::string, engine::row_counts>;

totals by_stream(const engine::run_row& run) {
  totals out;
  for (const engine::stage_row& s : run.stages) {
    for (const auto& [name, counts] : s.streams) out[name] += counts;
  }
  return out;
}

std::string line(const char* format, const std::string& name, const std::array<std::int64_t, 8>& n) {
  std::array<char, 256> text{};
  const int size = std::snprintf(text.data(), text.size(), format, name.c_str(), static_cast<long long>(n[0]),
                                 static_cast<long long>(n[1]), static_cast<long long>(n[2]),
                                 static_cast<long long>(n[3]), static_cast<long long>(n[4]),
                                 static_cast<long long>(n[5]), static_cast<long long>(n[6]),
                                 static_cast<long long>(n[7]));
  return {text.data(), static_cast<std::size_t>(std::clamp(size, 0, 255))};
}

std::string seconds(std::int64_t from_us, std::int64_t to_us) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", static_cast<double>(to_us - from_us) / 1e6);
  return text.data();
}

}  // namespace

nlohmann::json to_json(const engine::row_counts& c) {
  return {{"rows", c.rows},
          {"inserted", c.inserted},
          {"updated", c.updated},
          {"unchanged", c.unchanged},
          {"deleted", c.deleted},
          {"deferred", c.deferred},
          {"rejected", c.rejected},
          {"duplicate", c.duplicate},
          {"stale", c.stale},
          {"skipped", c.skipped},
          {"resolved", {{"inserted", c.resolved_inserted}, {"updated", c.resolved_updated},
                        {"unchanged", c.resolved_unchanged}}},
          {"swept", c.swept},
          {"balances", c.balances()}};
}

nlohmann::json receipt_json(const engine::run_row& run) {
  nlohmann::json stages = nlohmann::json::array();
  for (const engine::stage_row& s : run.stages) stages.push_back(stage_json(s));
  nlohmann::json streams = nlohmann::json::object();
  for (const auto& [name, counts] : by_stream(run)) streams[name] = to_json(counts);
  nlohmann::json out{{"run_id", run.run_id},
                     {"correlation_id", run.correlation_id},
                     {"tenant", run.tenant},
                     {"pipeline", run.pipeline},
                     {"scope", run.scope.empty() ? "tenant" : run.scope},
                     {"mode", run.mode},
                     {"backend", run.backend},
                     {"route_reason", run.route_reason},
                     {"manifest_hash", run.manifest_hash},
                     {"state", engine::to_string(run.state)},
                     {"created_at", instant(run.created_us)},
                     {"essential_at", instant(run.essential_us)},
                     {"ended_at", instant(run.ended_us)},
                     {"essential_ms", elapsed_ms(run.created_us, run.essential_us)},
                     {"duration_ms", elapsed_ms(run.created_us, run.ended_us)},
                     {"streams", std::move(streams)},
                     {"stages", std::move(stages)}};
  if (!run.error_code.empty()) out["error"] = {{"code", run.error_code}, {"message", run.error}};
  return out;
}

std::string receipt_text(const engine::run_row& run) {
  std::string out = "run " + run.run_id + "  tenant " + run.tenant + "  " + std::string(engine::to_string(run.state));
  if (run.ended_us != 0) out += "  in " + seconds(run.created_us, run.ended_us);
  if (run.essential_us != 0) out += "  (essential after " + seconds(run.created_us, run.essential_us) + ")";
  out += "\n\n  stream                 rows = inserted + updated + unchanged + deleted + deferred + rejected   resolved\n";
  for (const auto& [name, c] : by_stream(run)) {
    out += line("  %-18s %8lld   %8lld  %8lld    %8lld  %8lld   %8lld   %8lld   %8lld\n", name,
                {c.rows, c.inserted, c.updated, c.unchanged, c.deleted, c.deferred, c.rejected,
                 c.resolved_inserted + c.resolved_updated + c.resolved_unchanged});
  }
  out += "\n";
  for (const engine::stage_row& s : run.stages) {
    if (s.error_code.empty()) continue;
    out += "  " + s.stage + ": " + s.error_code + " " + s.error + "\n";
  }
  if (!run.error_code.empty()) out += "  " + run.error_code + " " + run.error + "\n";
  return out;
}

int exit_code(engine::run_state state) {
  switch (state) {
    case engine::run_state::succeeded: return 0;
    case engine::run_state::partial: return 3;
    case engine::run_state::held: return 4;
    case engine::run_state::cancelled: return 130;
    case engine::run_state::failed:
    case engine::run_state::queued:
    case engine::run_state::running: break;
  }
  return 1;
}

}  // namespace sluice::host
