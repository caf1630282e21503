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

// What sluice wants of one transaction, where the session isn't ours alone.
[[nodiscard]] const std::string& transaction_settings();
// True for statements that set how long the others of their transaction may take.
[[nodiscard]] bool sets_time_limit(std::string_view sql);

// For the rest of a transaction whose statements look at whole tenants: the planner chooses.
[[nodiscard]] const std::string& whole_settings();

// What is known of a connection once it is set up.
struct session_facts {
  bool pooled = false;              // somebody stands between us and the server
  std::chrono::milliseconds limit;  // of one call: a little more than the server's own; zero: none
};

// Sets the session up and looks at the server, in one round trip. Throws `invalid` with one line when the
// server is too old, not UTF-8, or not durable.
[[nodiscard]] session_facts set_up(PGconn*);

}  // namespace sluice::store::postgres
