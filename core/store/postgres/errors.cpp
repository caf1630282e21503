#include "store/postgres/errors.hpp"

#include <algorithm>

#include "store/errors.hpp"

namespace sluice::store::postgres {

namespace {

using engine::failure_class;

struct meaning {
  std::string_view prefix;  // of the SQLSTATE; the first that fits wins
  failure_class kind;
  std::string_view code, advice;
};

constexpr std::string_view full = "the server has no connection left: raise max_connections or lower `pool`";

constexpr meaning meanings[] = {
    {"40", failure_class::transient, code::busy, "another transaction was in the way; it is tried again"},
    {"55P03", failure_class::transient, code::busy,
     "a lock was not free in time; it is tried again. If it goes on, look for a long transaction in "
     "pg_stat_activity"},
    {"57014", failure_class::transient, code::busy,
     "the statement was cancelled or took too long; it is tried again. If it goes on, look at the server's "
     "load"},
    {"53100", failure_class::transient, code::disk_full,
     "the server's disk is full: free space; the work then goes on"},
    {"53300", failure_class::transient, code::too_many, full},
    {"53", failure_class::transient, code::busy, "the server is short of resources; it is tried again"},
    {"25006", failure_class::transient, code::read_only,
     "the server only reads: point `dsn` to the primary (a failover may still be under way)"},
    {"57P", failure_class::transient, code::connection, "the server stops or starts; it is tried again"},
    {"25P03", failure_class::transient, code::connection,
     "the transaction stood still for too long; it is tried again"},
    {"08", failure_class::transient, code::connection, "the connection failed; it is tried again"},
    {"42501", failure_class::invalid, code::cannot_open, "grant the right to the role of `dsn`"},
    {"3F000", failure_class::invalid, code::cannot_open,
     "create the schema, or name another in `store: { schema: }`"},
    {"", failure_class::internal, code::internal,
     "this is a defect, or somebody changed the tables: please report it"},
};

std::string first_line(std::string_view text) {
  std::string line(text.substr(0, text.find('\n')));
  if (line.starts_with("ERROR:")) line.erase(0, line.find_first_not_of(' ', 6));
  return line;
}

}  // namespace

sql_failure from_sqlstate(std::string_view state, std::string_view message, std::string_view where) {
  for (const meaning& m : meanings) {
    if (!state.starts_with(m.prefix)) continue;
    std::string text = "PostgreSQL: " + first_line(message) + " (SQLSTATE " + std::string(state);
    if (!where.empty()) text += ", in: " + std::string(where.substr(0, 120));
    return {m.kind, std::string(m.code), text + "): " + std::string(m.advice), std::string(state),
            first_line(message)};
  }
  return {failure_class::internal, code::internal, std::string(message), std::string(state),
          first_line(message)};
}

engine::failure connection_lost(std::string_view message, std::string_view where) {
  // What libpq says of a connection that was closed while nothing was asked of it.
  const bool unnoticed = message.find("no connection to the server") != std::string_view::npos;
  std::string text = "PostgreSQL: the connection was lost (" +
                     (unnoticed ? std::string("the server has closed it") : first_line(message));
  if (!where.empty()) text += ", in: " + std::string(where.substr(0, 120));
  return {failure_class::transient, code::connection, text + "); it is tried again on a new one"};
}

namespace {

// A server that refuses a connection gives libpq no SQLSTATE to pass on, only words.
struct refusal_words {
  std::string_view words, code, advice;
};
constexpr refusal_words refusals[] = {
    {"too many clients", code::too_many, full},
    {"remaining connection slots", code::too_many, full},
    {"too many connections", code::too_many, full},
    {"no more connections allowed", code::too_many, full},
    {"password authentication failed", code::refused, "mend user and password in `dsn`"},
    {"no password supplied", code::refused, "put the password into `dsn`, or into a .pgpass file"},
    {"no pg_hba.conf entry", code::refused, "let pg_hba.conf of the server admit this host and role"},
    {"does not exist", code::refused, "create it, or mend `dsn`"},
    {"permission denied for database", code::refused, "grant CONNECT on it to the role of `dsn`"},
    {"session is read-only", code::read_only,
     "none of the hosts of `dsn` takes writes (a failover may still be under way)"},
    {"is starting up", code::connection, "it is tried again"},
    {"is shutting down", code::connection, "it is tried again"},
};

// libpq has a line or two for each host that it tried.
std::string in_one_line(std::string_view message) {
  std::string out;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t end = std::min(message.find('\n', at), message.size());
    std::string_view line = message.substr(at, end - at);
    at = end + 1;
    if (line.starts_with('\t') || line.empty()) continue;  // a hint
    out.append(out.empty() ? "" : "; ").append(line);
  }
  return out;
}

}  // namespace

engine::failure not_connected(std::string_view message) {
  const auto known = std::ranges::find_if(
      refusals, [&](const refusal_words& r) { return message.find(r.words) != std::string_view::npos; });
  const bool found = known != std::end(refusals);
  return {failure_class::transient, std::string(found ? known->code : code::connection),
          "PostgreSQL: no connection (" + in_one_line(message) +
              "): " + std::string(found ? known->advice : "check `dsn` and that the server runs")};
}

engine::failure commit_in_doubt(std::string_view message) {
  return {failure_class::in_doubt, code::in_doubt,
          "PostgreSQL: the connection was lost while committing (" + first_line(message) +
              "); whether it happened is looked up by its id"};
}

}  // namespace sluice::store::postgres
