// What a run did, for tools (JSON) and for people (a table). Only what is committed is counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/store.hpp"

namespace sluice::host {

[[nodiscard]] nlohmann::json to_json(const engine::row_counts& counts);
// What the plan of a run says for people: how stages are read, and which are not.
struct plan_notes {
  std::map<std::string, std::string> why;  // by stage; may be empty
  std::vector<std::string> left_out;
  std::vector<std::string> essential;  // stages
  std::int64_t deadline_us = 0;        // of the essential phase
};
[[nodiscard]] plan_notes notes_of(const engine::run_row& run);

// How far the essential phase of a run is, by the clock of this machine while it is open.
struct essential_state {
  std::vector<std::string> stages;
  bool over = false;             // each of them has ended, in whatever way; or there is none
  bool deadline_missed = false;  // it took longer, or does so already
  std::int64_t deadline_us = 0;  // 0 = none
};
[[nodiscard]] essential_state essential_of(const engine::run_row& run);

// Why an open run does not get on; empty: it does, or it has ended.
[[nodiscard]] std::string why_stuck(const engine::run_row& run);
// `tenant`, or the subject in one line whatever its id is made of.
[[nodiscard]] std::string scope_text(const std::string& scope);

[[nodiscard]] nlohmann::json receipt_json(const engine::run_row& run);
// `manifest` is the file to name in the commands that show more.
[[nodiscard]] std::string receipt_text(const engine::run_row& run, const std::string& manifest);
// "2026-11-22T10:00:00.000Z", or null for 0.
[[nodiscard]] nlohmann::json instant_json(std::int64_t us);
[[nodiscard]] std::string instant_text(std::int64_t us);  // "-" for 0
[[nodiscard]] std::map<std::string, engine::row_counts> counts_by_stream(const engine::run_row& run);
// Of what runtime::state_of says: for people, and for who waits for the essential phase alone.
[[nodiscard]] std::string state_text(const nlohmann::json& state);
[[nodiscard]] int essential_exit_code(const nlohmann::json& state);
// 0 good, 1 failed, 3 partial, 4 held, 130 cancelled.
[[nodiscard]] int exit_code(engine::run_state state);

}  // namespace sluice::host
