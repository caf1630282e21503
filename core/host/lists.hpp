// What was refused and what waits, for commands and the API.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/store.hpp"

namespace sluice::host {

struct rejects_ask {
  std::string tenant, run_id;  // empty: any
  bool all = false;  // of every run; else of the newest one of each tenant and pipeline that has ended
  int limit = 50;
};

// Throws engine::failure for an unknown run.
[[nodiscard]] std::vector<engine::reject_row> list_rejects(engine::session& session, const rejects_ask& ask);

[[nodiscard]] nlohmann::json reject_json(const engine::reject_row& row);
[[nodiscard]] nlohmann::json deferred_json(const engine::deferred_row& row);
[[nodiscard]] nlohmann::json tenant_json(const engine::tenant_row& row);

}  // namespace sluice::host
