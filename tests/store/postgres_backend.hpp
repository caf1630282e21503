// PostgreSQL for the conformance suite: a private cluster, one database a test.
#pragma once

#include "store/harness.hpp"

namespace sluice::testing {

// Without `make` where no server is installed.
[[nodiscard]] backend postgres_backend();

}  // namespace sluice::testing
