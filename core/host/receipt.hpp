// What a run did, for tools (JSON) and for people (a table). Only what is committed is counted.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/store.hpp"

namespace sluice::host {

[[nodiscard]] nlohmann::json to_json(const engine::row_counts& counts);
[[nodiscard]] nlohmann::json receipt_json(const engine::run_row& run);
[[nodiscard]] std::string receipt_text(const engine::run_row& run);
// 0 good, 1 failed, 3 partial, 4 held, 130 cancelled.
[[nodiscard]] int exit_code(engine::run_state state);

}  // namespace sluice::host
