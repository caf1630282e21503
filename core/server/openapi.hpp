// /openapi.json, made from the route table.
#pragma once

#include <nlohmann/json.hpp>

namespace sluice::server {

[[nodiscard]] nlohmann::json openapi();

}  // namespace sluice::server
