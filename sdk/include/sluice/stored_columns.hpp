// The columns that the store adds to the table of every stream: no declared column can have such a name.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice {

inline constexpr std::array<std::string_view, 10> stored_columns = {
    "id",     "tenant_id", "attributes", "source_version", "row_hash",
    "origin", "read_at",   "synced_at",  "run_id",         "deleted_at"};

[[nodiscard]] inline bool is_stored_column(std::string_view name) {
  return std::find(stored_columns.begin(), stored_columns.end(), name) != stored_columns.end();
}

}  // namespace sluice
