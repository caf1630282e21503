// What stores have in common about leases.
#pragma once

#include <cstdint>

namespace sluice::store {

// A lease that has more than so many of its times to run was given before the database's clock went back.
// Who meets it shortens it: a holder that lives renews it in time.
inline constexpr std::int64_t longest_lease = 10;

}  // namespace sluice::store
