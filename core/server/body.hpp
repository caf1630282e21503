// Bodies and query parameters held against the schemas of the route table.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "server/message.hpp"
#include "server/target.hpp"

namespace sluice::server {

// What does not fit: an array of {pointer, detail}, empty when all does. Of JSON Schema this knows: type, properties,
// required, additionalProperties: false, enum, minLength, maxLength, minimum, maximum.
[[nodiscard]] nlohmann::json misfits(const nlohmann::json& value, const nlohmann::json& schema);

// Strictly: no key twice, nothing unknown. An empty body is an empty object. Throws refusal (SLU-7106).
[[nodiscard]] nlohmann::json read_body(const std::string& text, const nlohmann::json& schema);

}  // namespace sluice::server
