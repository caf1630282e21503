// What the runs of a tenant say of it.
#pragma once

#include <optional>
#include <string>

#include "engine/store.hpp"
#include "host/route.hpp"

namespace sluice::host {

// Of a condition that is about runs: their average duration, how many fail, how many there are a day. Nothing: it is
// about something else. Durations and failures are those of the default backend, the one that would be left; so a
// tenant that was moved keeps the value that moved it.
[[nodiscard]] std::optional<fact> history_fact(engine::session& session, const manifest::pipeline& pipeline,
                                               const std::string& tenant, const manifest::condition& what,
                                               std::int64_t now_us);

}  // namespace sluice::host
