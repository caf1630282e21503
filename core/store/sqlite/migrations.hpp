// The machinery's tables, by version.
#pragma once

#include "store/sqlite/database.hpp"

namespace sluice::store::sqlite {

// 0: there are none.
[[nodiscard]] int schema_of(database& db);

// Runs what is missing, in one transaction. Throws invalid when the file is newer.
void migrate(database& db);

}  // namespace sluice::store::sqlite
