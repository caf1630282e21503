// What every connection gets: time limits, the planner's settings, and a check that the server is
// one that keeps what it acknowledges.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "store/postgres/connection.hpp"

struct pg_conn;
using PGconn = pg_conn;

namespace sluice::store::postgres {

// The DSN (URI or key=value) with time limits added where it names none.
[[nodiscard]] std::string complete_dsn(const std::string& dsn);

// Who is silent in a transaction for ten seconds stands still, since between two statements lies a little
// computing: his connection is ended long before a lease of 30 s is over, so that his locks keep nobody from
// taking his runs over.
//
// Statements here are point probes by key, so every other plan is a trap: on empty or stale
// statistics the planner would scan a tenant for each row. The few that want more say so themselves.
[[nodiscard]] const std::string& session_settings();
// The same for one transaction, where the session isn't ours alone.
[[nodiscard]] const std::string& transaction_settings();
// True for statements that set how long the others of their transaction may take.
[[nodiscard]] bool sets_time_limit(std::string_view sql);

// Whether somebody between us and the server has made up our key for cancelling, as poolers do.
[[nodiscard]] bool behind_pooler(PGconn*);

// For the rest of a transaction whose statements look at whole tenants: the planner chooses.
[[nodiscard]] const std::string& whole_settings();

// Throws `invalid` with one line when the server is too old, not UTF-8, or not durable. How long one call
// may take, which is a little more than the server itself allows; zero: as long as it likes.
[[nodiscard]] std::chrono::milliseconds check_server(connection&);

}  // namespace sluice::store::postgres
