// /openapi.json, made from the route table.
#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

namespace sluice::server {

// What is there for whom: an administrator's requests are left out where they are refused anyway.
enum class described : std::uint8_t { all, without_administration };

[[nodiscard]] nlohmann::json openapi(described what = described::all);

}  // namespace sluice::server
