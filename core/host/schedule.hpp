// `every`: when a tenant that was seen before is synced again without being asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store.hpp"

namespace sluice::host {

// When it is due: `every` after its last run began, and up to a quarter of it later. How much later depends on the tenant
// and on the interval alone, so all hosts agree, and tenants that began together drift apart.
[[nodiscard]] std::int64_t due_at_us(std::string_view tenant, std::int64_t last_us, std::int64_t every_us);

// Tenants that are due now, longest first, at most `limit`; none whose run is open.
[[nodiscard]] std::vector<engine::due_tenant> due_now(engine::session& session, const std::string& pipeline,
                                                      std::int64_t every_us, std::size_t limit);

// How long until a host looks again: often enough for the interval, and at another pace on each host, so that they
// don't all ask at once. `host` is any number that is the host's own.
[[nodiscard]] std::int64_t look_again_us(std::int64_t every_us, std::uint64_t host);

}  // namespace sluice::host
