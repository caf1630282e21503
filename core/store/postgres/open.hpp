// The store on a PostgreSQL server.
#pragma once

#include <memory>

#include "store/store.hpp"

namespace sluice::store::postgres {

// Connects and checks the server: 14 or newer, UTF-8, durable. Does not migrate.
[[nodiscard]] std::unique_ptr<store> open(const store_options& options);

}  // namespace sluice::store::postgres
