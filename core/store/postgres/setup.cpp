#include "store/postgres/setup.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include <libpq-fe.h>

#include "store/errors.hpp"
#include "store/postgres/errors.hpp"

namespace sluice::store::postgres {

namespace {

using engine::failure;
using engine::failure_class;

constexpr std::pair<std::string_view, std::string_view> defaults[] = {
    {"connect_timeout", "10"},      {"tcp_user_timeout", "15000"}, {"keepalives", "1"},
    {"keepalives_idle", "10"},      {"keepalives_interval", "5"},  {"keepalives_count", "3"},
    {"application_name", "sluice"}, {"client_encoding", "UTF8"},
};

void append_option(std::string& out, std::string_view key, std::string_view value) {
  out.append(out.empty() ? "" : " ").append(key).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('\'');
}

// Statements here are point probes by key, so every other plan is a trap: on empty or stale statistics the
// planner would scan a tenant for each row. The few that want more say so themselves.
//
// Who is silent in a transaction for ten seconds stands still, since between two statements lies a little
// computing: his connection is ended long before a lease of 30 s is over, so that his locks keep nobody from
// taking his runs over.
constexpr std::pair<std::string_view, std::string_view> settings[] = {
    {"jit", "off"},
    {"plan_cache_mode", "force_generic_plan"},
    {"enable_material", "off"},
    {"enable_bitmapscan", "off"},
    {"enable_hashjoin", "off"},
    {"enable_mergejoin", "off"},
    {"enable_seqscan", "off"},
    {"enable_memoize", "off"},
    {"max_parallel_workers_per_gather", "0"},
    {"idle_in_transaction_session_timeout", "10s"},
    {"TimeZone", "UTC"},
    {"DateStyle", "ISO"},
    {"IntervalStyle", "postgres"},
    {"bytea_output", "hex"},
};
constexpr std::pair<std::string_view, std::string_view> time_limits[] = {{"lock_timeout", "5s"},
                                                                         {"statement_timeout", "60s"}};

failure unsuitable(const std::string& code, const std::string& message) {
  return {failure_class::invalid, code, "PostgreSQL: " + message};
}

// What stands in `options` of the DSN, or in the environment for it, is somebody's wish.
bool wished(PGconn* c, std::string_view name) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> all(PQconninfo(c), PQconninfoFree);
  for (const PQconninfoOption* o = all.get(); o != nullptr && o->keyword != nullptr; ++o) {
    if (std::string_view(o->keyword) == "options" && o->val != nullptr)
      return std::string_view(o->val).find(name) != std::string_view::npos;
  }
  return false;
}

// Whoever has made up our key for cancelling is a pooler; the session is not ours then, and what is set ends
// with the statement.
std::string set_up_sql(PGconn* c) {
  const std::string pooled = "pg_backend_pid() <> " + std::to_string(PQbackendPID(c));
  std::string set;
  const auto add = [&](std::string_view name, std::string_view value) {
    set.append(", set_config('")
        .append(name)
        .append("', '")
        .append(value)
        .append("', ")
        .append(pooled)
        .append(")");
  };
  for (const auto& [name, value] : settings) add(name, value);
  for (const auto& [name, value] : time_limits) {
    if (!wished(c, name)) add(name, value);
  }
  return "SELECT " + pooled +
         ", current_setting('server_encoding'), current_setting('fsync'), "
         "current_setting('synchronous_commit'), "
         "current_setting('full_page_writes')" +
         set + ", (extract(epoch FROM current_setting('statement_timeout')::interval) * 1000)::int8";
}

[[noreturn]] void refuse(PGconn* c, const PGresult* r) {
  const char* const state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
  if (state == nullptr) throw connection_lost(PQerrorMessage(c), "");
  throw from_sqlstate(state, PQresultErrorMessage(r), "set up");
}

}  // namespace

std::string complete_dsn(const std::string& dsn) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(dsn.c_str(), &problem), PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned_problem(problem, PQfreemem);
  if (parsed == nullptr) {
    // libpq quotes a part of the DSN, which may hold the password.
    throw failure(failure_class::invalid, code::cannot_open,
                  "PostgreSQL: `dsn` is not a connection string: use postgresql://user@host/database");
  }
  std::string out;
  for (const PQconninfoOption* o = parsed.get(); o->keyword != nullptr; ++o) {
    if (o->val != nullptr) append_option(out, o->keyword, o->val);
  }
  const auto value_of = [&](std::string_view key) -> const char* {
    const PQconninfoOption* o = parsed.get();
    while (o->keyword != nullptr && o->keyword != key) ++o;
    return o->keyword == nullptr ? nullptr : o->val;
  };
  for (const auto& [key, value] : defaults) {
    if (value_of(key) == nullptr) append_option(out, key, value);
  }
  // Of several hosts the one that takes writes, whichever it is by now.
  const char* const hosts = value_of("host") != nullptr ? value_of("host") : value_of("hostaddr");
  const bool several = hosts != nullptr && std::string_view(hosts).find(',') != std::string_view::npos;
  if (several && value_of("target_session_attrs") == nullptr)
    append_option(out, "target_session_attrs", "read-write");
  return out;
}

const std::string& transaction_settings() {
  static const std::string sql = [] {
    std::string out;
    const auto add = [&](const auto& pairs) {
      for (const auto& [name, value] : pairs)
        out.append("SET LOCAL ").append(name).append(" = '").append(value).append("';");
    };
    add(settings);
    add(time_limits);
    return out;
  }();
  return sql;
}

bool sets_time_limit(std::string_view sql) {
  return sql.find("SET LOCAL statement_timeout") != std::string_view::npos;
}

const std::string& whole_settings() {
  static const std::string sql =
      "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = on; SET LOCAL "
      "enable_hashjoin = on;"
      "SET LOCAL enable_mergejoin = on; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_material = on;"
      "SET LOCAL statement_timeout = '10min'";
  return sql;
}

session_facts set_up(PGconn* c) {
  // Older servers don't know some of the settings, and would say only that.
  if (PQserverVersion(c) < 140000) {
    const char* const version = PQparameterStatus(c, "server_version");
    throw unsuitable(code::unsupported, std::string("the server is version ") +
                                            (version != nullptr ? version : "unknown") +
                                            "; 14 or newer is needed");
  }
  const std::unique_ptr<PGresult, decltype(&PQclear)> r(PQexec(c, set_up_sql(c).c_str()), PQclear);
  if (PQresultStatus(r.get()) != PGRES_TUPLES_OK) refuse(c, r.get());
  const auto value = [&](int column) { return std::string_view(PQgetvalue(r.get(), 0, column)); };
  if (value(1) != "UTF8") {
    throw unsuitable(code::unsupported, "the database's encoding is " + std::string(value(1)) +
                                            "; make one with ENCODING 'UTF8'");
  }
  constexpr std::string_view durable[] = {"fsync", "synchronous_commit", "full_page_writes"};
  for (int i = 0; i < 3; ++i) {
    if (value(2 + i) != "off") continue;
    throw unsuitable(
        code::unsafe,
        std::string(durable[i]) + " is off: the server could lose what it has acknowledged; set it to on");
  }
  using std::chrono::milliseconds;
  const milliseconds own(std::atoll(PQgetvalue(r.get(), 0, PQnfields(r.get()) - 1)));
  const milliseconds more = std::clamp(own / 4, std::min(own, milliseconds(1'000)), milliseconds(15'000));
  return {value(0) == "t", own + more};
}

}  // namespace sluice::store::postgres
