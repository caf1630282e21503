#include "store/postgres/setup.hpp"

#include <algorithm>
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

// "SET a = b; SET c = d;"
std::string settings(const std::string& set) {
  std::string out;
  for (const char* one :
       {"jit = off", "plan_cache_mode = force_generic_plan", "enable_material = off",
        "enable_bitmapscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "enable_seqscan = off",
        "enable_memoize = off", "max_parallel_workers_per_gather = 0",
        "idle_in_transaction_session_timeout = '10s'", "TimeZone = 'UTC'", "DateStyle = 'ISO'",
        "IntervalStyle = 'postgres'", "bytea_output = 'hex'"}) {
    out += set + one + ";";
  }
  return out;
}

failure unsuitable(const std::string& code, const std::string& message) {
  return {failure_class::invalid, code, "PostgreSQL: " + message};
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

const std::string& session_settings() {
  // Time limits that stand in `options` of the DSN are somebody's wish.
  static const std::string sql =
      settings("SET ") +
      "SELECT set_config(v.name, v.value, false) FROM (VALUES ('lock_timeout', '5s'), "
      "('statement_timeout', '60s')) AS v(name, value) JOIN pg_settings p "
      "ON p.name = v.name AND p.source <> 'client'";
  return sql;
}

const std::string& transaction_settings() {
  static const std::string sql =
      settings("SET LOCAL ") + "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '60s'";
  return sql;
}

bool sets_time_limit(std::string_view sql) {
  return sql.find("SET LOCAL statement_timeout") != std::string_view::npos;
}

bool behind_pooler(PGconn* c) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> r(PQexec(c, "SELECT pg_backend_pid()"), PQclear);
  if (PQresultStatus(r.get()) != PGRES_TUPLES_OK) throw connection_lost(PQerrorMessage(c), "");
  return std::to_string(PQbackendPID(c)) != PQgetvalue(r.get(), 0, 0);
}

const std::string& whole_settings() {
  static const std::string sql =
      "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = on; SET LOCAL "
      "enable_hashjoin = on;"
      "SET LOCAL enable_mergejoin = on; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_material = on;"
      "SET LOCAL statement_timeout = '10min'";
  return sql;
}

std::chrono::milliseconds check_server(connection& c) {
  const rows r = c.query(
      "SELECT current_setting('server_version_num')::int, current_setting('server_version'), "
      "current_setting('server_encoding'), current_setting('fsync'), current_setting('synchronous_commit'), "
      "current_setting('full_page_writes'), "
      "(SELECT setting::int8 FROM pg_settings WHERE name = 'statement_timeout')");
  if (r.number(0, 0) < 140000) {
    throw unsuitable(code::unsupported,
                     "the server is version " + std::string(r.text(0, 1)) + "; 14 or newer is needed");
  }
  if (r.text(0, 2) != "UTF8") {
    throw unsuitable(code::unsupported, "the database's encoding is " + std::string(r.text(0, 2)) +
                                            "; make one with ENCODING 'UTF8'");
  }
  constexpr std::string_view durable[] = {"fsync", "synchronous_commit", "full_page_writes"};
  for (int i = 0; i < 3; ++i) {
    if (r.text(0, 3 + i) != "off") continue;
    throw unsuitable(
        code::unsafe,
        std::string(durable[i]) + " is off: the server could lose what it has acknowledged; set it to on");
  }
  const std::chrono::milliseconds own(r.number(0, 6));
  return own + std::clamp(own / 4, std::min(own, std::chrono::milliseconds(1'000)),
                          std::chrono::milliseconds(15'000));
}

}  // namespace sluice::store::postgres
