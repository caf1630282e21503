// A decimal in plain notation as PostgreSQL's binary numeric: digits and scale kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::store::postgres {

// Appends the field, or returns why PostgreSQL can't hold the value exactly.
[[nodiscard]] std::optional<std::string> append_numeric(std::string& out, std::string_view decimal);

}  // namespace sluice::store::postgres
