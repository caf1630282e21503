// The machinery's tables, schema `sluice`, as versioned steps.
#pragma once

#include "store/postgres/connection.hpp"
#include "store/store.hpp"

namespace sluice::store::postgres {

// 0: there is no machinery.
[[nodiscard]] int found_version(connection&);

// Brings the machinery to `schema_version` in one transaction, one process at a time.
migration_result migrate(connection&);

}  // namespace sluice::store::postgres
