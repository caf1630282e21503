// The schemas that the route table names for its answers.
#pragma once

#include <nlohmann/json.hpp>

namespace sluice::server {

[[nodiscard]] nlohmann::json answer_schemas();

}  // namespace sluice::server
