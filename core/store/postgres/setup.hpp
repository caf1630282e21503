// What every connection gets: time limits, the planner's settings, and a check that the server is
// one that keeps what it acknowledges.
#pragma once

#include <string>

#include "store/postgres/connection.hpp"

namespace sluice::store::postgres {

// The DSN (URI or key=value) with time limits added where it names none.
[[nodiscard]] std::string complete_dsn(const std::string& dsn);

// Statements here are point probes by key, so every other plan is a trap: on empty or stale
// statistics the planner would scan a tenant for each row. The few that want more say so themselves.
[[nodiscard]] const std::string& session_settings();

// Around a statement that joins a whole batch to a range of a table, and back.
[[nodiscard]] const std::string& range_settings();
[[nodiscard]] const std::string& point_settings();

// For the rest of a transaction whose statements look at whole tenants: the planner chooses.
[[nodiscard]] const std::string& whole_settings();

// Throws `invalid` with one line when the server is too old, not UTF-8, or not durable.
void check_server(connection&);

}  // namespace sluice::store::postgres
