#include "host/receipt.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <map>

#include <nlohmann/json.hpp>

namespace sluice::host {

namespace {

nlohmann::json elapsed_ms(std::int64_t from_us, std::int64_t to_us) {
  if (from_us == 0 || to_us == 0) return nullptr;
  return (to_us - from_us) / 1000;
}

nlohmann::json essential_json(const engine::run_row& run) {
  const essential_state e = essential_of(run);
  nlohmann::json out{{"over", e.over}};
  if (e.deadline_us > 0) {
    out["deadline_ms"] = e.deadline_us / 1000;
    out["deadline_missed"] = e.deadline_missed;
  }
  return out;
}

nlohmann::json stage_json(const engine::stage_row& s) {
  nlohmann::json streams = nlohmann::json::object();
  for (const auto& [name, counts] : s.streams) streams[name] = to_json(counts);
  nlohmann::json out{{"stage", s.stage},
                     {"phase", engine::to_string(s.phase)},
                     {"state", engine::to_string(s.state)},
                     {"pages", s.pages},
                     {"items", {{"done", s.items_done}, {"open", s.items_open}}},
                     {"records",
                      {{"read", s.records.records},
                       {"mapped", s.records.mapped},
                       {"filtered", s.records.filtered},
                       {"rejected", s.records.rejected}}},
                     {"streams", std::move(streams)},
                     {"suspect", s.suspect},
                     {"duration_ms", elapsed_ms(s.started_us, s.ended_us)}};
  if (!s.error_code.empty()) out["error"] = {{"code", s.error_code}, {"message", s.error}};
  return out;
}

}  // namespace

std::string instant_text(std::int64_t us) {
  if (us == 0) return "-";
  const std::time_t seconds = us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + n, text.size() - n, ".%03dZ", static_cast<int>(us / 1000 % 1000));
  return text.data();
}

nlohmann::json instant_json(std::int64_t us) {
  if (us == 0) return nullptr;
  return instant_text(us);
}

std::map<std::string, engine::row_counts> counts_by_stream(const engine::run_row& run) {
  std::map<std::string, engine::row_counts> out;
  for (const engine::stage_row& s : run.stages) {
    for (const auto& [name, counts] : s.streams) out[name] += counts;
  }
  return out;
}

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
          {"resolved",
           {{"inserted", c.resolved_inserted},
            {"updated", c.resolved_updated},
            {"unchanged", c.resolved_unchanged}}},
          {"swept", c.swept},
          {"balances", c.balances()}};
}

plan_notes notes_of(const engine::run_row& run) {
  plan_notes out;
  const auto plan = nlohmann::json::parse(run.plan, nullptr, false);
  if (!plan.is_object()) return out;
  for (const auto& stage : plan.value("stages", nlohmann::json::array())) {
    out.why[stage.value("name", "")] = stage.value("why", "");
  }
  out.left_out = plan.value("left_out", std::vector<std::string>{});
  out.deadline_us = plan.value("deadline_us", std::int64_t{0});
  for (const auto& step : plan.value("steps", nlohmann::json::array())) {
    if (step.value("phase", "") != "essential") continue;
    for (const auto& stage : step.value("stages", std::vector<std::string>{})) out.essential.push_back(stage);
  }
  return out;
}

nlohmann::json receipt_json(const engine::run_row& run) {
  const plan_notes notes = notes_of(run);
  nlohmann::json stages = nlohmann::json::array();
  for (const engine::stage_row& s : run.stages) {
    nlohmann::json& stage = stages.emplace_back(stage_json(s));
    const auto why = notes.why.find(s.stage);
    if (why != notes.why.end() && !why->second.empty()) stage["read"] = why->second;
  }
  nlohmann::json streams = nlohmann::json::object();
  for (const auto& [name, counts] : counts_by_stream(run)) streams[name] = to_json(counts);
  nlohmann::json out{{"run_id", run.run_id},
                     {"correlation_id", run.correlation_id},
                     {"tenant", run.tenant},
                     {"pipeline", run.pipeline},
                     {"scope", run.scope.empty() ? "tenant" : run.scope},
                     {"essential", essential_json(run)},
                     {"mode", run.mode},
                     {"backend", run.backend},
                     {"route_reason", run.route_reason},
                     {"manifest_hash", run.manifest_hash},
                     {"state", engine::to_string(run.state)},
                     {"created_at", instant_json(run.created_us)},
                     {"essential_at", instant_json(run.essential_us)},
                     {"ended_at", instant_json(run.ended_us)},
                     {"essential_ms", elapsed_ms(run.created_us, run.essential_us)},
                     {"duration_ms", elapsed_ms(run.created_us, run.ended_us)},
                     {"streams", std::move(streams)},
                     {"stages", std::move(stages)},
                     {"left_out", notes.left_out}};
  if (!run.retry_of.empty()) out["retry_of"] = run.retry_of;
  if (!run.error_code.empty()) out["error"] = {{"code", run.error_code}, {"message", run.error}};
  if (const std::string why = why_stuck(run); !why.empty()) out["stuck"] = why;
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
