// Runs and their leases, by the database's clock.
#include "engine/failpoint.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

constexpr const char* open_states = "('queued', 'running')";

}  // namespace

postgres_session::postgres_session(std::string dsn, std::string schema, std::unique_ptr<connection> ready)
    : dsn_(std::move(dsn)), schema_(std::move(schema)), connection_(std::move(ready)) {}

connection& postgres_session::db() {
  if (!connection_ || !connection_->usable()) {
    connection_.reset();
    connection_ = std::make_unique<connection>(dsn_);
  }
  return *connection_;
}

void postgres_session::finish(transaction& t, const std::vector<statement>& last) {
  try {
    static_cast<void>(t.commit(last));
  } catch (const engine::failure& f) {
    if (f.kind() != engine::failure_class::in_doubt) throw;
    throw transient(code::connection, f.message());
  }
}

const std::string& now_sql() {
  static const std::string sql = std::string("SELECT ") + clock_us;
  return sql;
}

std::int64_t postgres_session::now_us() { return db().query(now_sql()).number(0, 0); }

// The lease is ours until the end of the transaction; a take-over waits.
void postgres_session::hold_lease(const std::string& run_id, std::int64_t epoch) {
  const rows held =
      db().query("SELECT FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR KEY SHARE",
                 {encode_uuid_text(run_id), encode_int8(epoch)});
  if (held.empty()) throw no_lease(run_id);
}

engine::failure no_lease(const std::string& run_id) {
  return fenced(code::fenced_run, "run " + run_id + " belongs to another process by now, or has ended");
}

engine::run_lease postgres_session::start_run(const engine::run_request& r,
                                              const std::function<bool(const engine::holder&)>& dead) {
  if (const auto begun = begin_run(r)) return *begun;
  engine::run_lease out = atomically([&] {
    engine::run_lease lease = decide_lease(r, dead);
    SLUICE_FAILPOINT("start_run.before_commit");
    return lease;
  });
  SLUICE_FAILPOINT("start_run.after_commit");
  return out;
}

void postgres_session::insert_run(const engine::run_request& r, std::int64_t now) {
  const rows made = db().query(
      "INSERT INTO sluice.runs (run_id, tenant, pipeline, scope, correlation_id, manifest_hash, backend, "
      "route_reason, mode, "
      "plan, state, created_us, retry_of) VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, "
      "$6::text, "
      "$7::text, $8::text, "
      "$9::text, $10::text, 'queued', $11::int8, nullif($12::text, '')::uuid) ON CONFLICT DO NOTHING",
      {encode_uuid_text(r.run_id), r.tenant, r.pipeline, r.scope, r.correlation_id, r.manifest_hash,
       r.backend, r.route_reason, r.mode, r.plan, encode_int8(now), r.retry_of});
  if (made.affected() != 1) {
    throw invalid(code::unknown_run, "run " + r.run_id + " has ended already; start one with a new id");
  }
  db().query(
      "INSERT INTO sluice.tenants (tenant, first_seen_us, seen_us) VALUES ($1::text, $2::int8, $2::int8) "
      "ON CONFLICT (tenant) DO UPDATE SET seen_us = excluded.seen_us",
      {r.tenant, encode_int8(now)});
  SLUICE_FAILPOINT("start_run.after_insert");
}

bool postgres_session::renew_lease(const std::string& run_id, std::int64_t epoch, std::int64_t lease_us) {
  return db().query(std::string("UPDATE sluice.leases SET expires_us = ") + clock_us +
                        " + $3::int8 WHERE run_id = $1::uuid AND epoch = $2::int8",
                    {encode_uuid_text(run_id), encode_int8(epoch), encode_int8(lease_us)})
             .affected() == 1;
}

// Changes the run while its lease is held; `what` is a column list to set and which runs still need it.
void postgres_session::mark(const std::string& run_id, std::int64_t epoch, const std::string& what,
                            durability wait) {
  const std::string also = wait == durability::later ? ", set_config('synchronous_commit', 'off', true)" : "";
  const rows held = db().query(
      "WITH lease AS MATERIALIZED (SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = "
      "$2::int8 FOR KEY SHARE), marked AS (UPDATE sluice.runs r SET " +
          what + " AND r.run_id = $1::uuid AND EXISTS (SELECT FROM lease)) SELECT count(*)" + also +
          " FROM lease",
      {encode_uuid_text(run_id), encode_int8(epoch)});
  if (held.number(0, 0) == 0) throw no_lease(run_id);
}

void postgres_session::mark_running(const std::string& run_id, std::int64_t epoch) {
  atomically([&] {
    // Not waited for, as a stage that begins is not: see make_stage_sql.
    mark(run_id, epoch,
         std::string("state = 'running', started_us = ") + clock_us + " WHERE r.state = 'queued'",
         durability::later);
    SLUICE_FAILPOINT("mark_running.before_commit");
    return 0;
  });
}

void postgres_session::mark_essential(const std::string& run_id, std::int64_t epoch) {
  atomically([&] {
    mark(run_id, epoch, std::string("essential_us = ") + clock_us + " WHERE r.essential_us = 0");
    SLUICE_FAILPOINT("mark_essential.before_commit");
    return 0;
  });
}

bool postgres_session::request_cancel(const std::string& run_id) {
  if (!is_uuid(run_id)) return false;
  return db().query(
                 std::string(
                     "UPDATE sluice.runs SET cancel_requested = true WHERE run_id = $1::uuid AND state IN ") +
                     open_states,
                 {encode_uuid_text(run_id)})
             .affected() == 1;
}

bool postgres_session::cancel_requested(const std::string& run_id) {
  if (!is_uuid(run_id)) return false;
  const rows r = db().query("SELECT cancel_requested FROM sluice.runs WHERE run_id = $1::uuid",
                            {encode_uuid_text(run_id)});
  return !r.empty() && r.boolean(0, 0);
}

// Asked again after an answer was lost: the same answer. Else somebody took over.
engine::run_state postgres_session::ended_before(const std::string& run_id, std::int64_t epoch) {
  const rows r = db().query(
      "SELECT r.state FROM sluice.runs r JOIN sluice.leases l ON l.tenant = r.tenant AND l.pipeline = "
      "r.pipeline "
      "AND l.scope = r.scope WHERE r.run_id = $1::uuid AND l.run_id IS NULL AND l.epoch = $2::int8 "
      "AND r.state NOT IN ('queued', 'running')",
      {encode_uuid_text(run_id), encode_int8(epoch)});
  if (r.empty()) throw no_lease(run_id);
  return engine::run_state_from(r.text(0, 0));
}

engine::run_state postgres_session::finish_run(const std::string& run_id, std::int64_t epoch, bool cancelled,
                                               const std::string& error_code, const std::string& error) {
  const std::string run = encode_uuid_text(run_id);
  const engine::run_state state = atomically([&] {
    const rows lease = db().query(lease_sql, {run, encode_int8(epoch)});
    if (lease.empty()) return ended_before(run_id, epoch);
    run_account account = read_account(run);
    account.cancelled = cancelled;
    account.error_code = error_code;
    account.error = error;
    const verdict v = judge(account);
    db().query(
        std::string(
            "UPDATE sluice.runs SET state = $2::text, error_code = $3::text, error = $4::text, ended_us = ") +
            clock_us + " WHERE run_id = $1::uuid",
        {run, std::string(to_string(v.state)), v.error_code, v.error});
    SLUICE_FAILPOINT("finish.after_state");
    db().query("UPDATE sluice.leases SET run_id = NULL, expires_us = 0 WHERE run_id = $1::uuid", {run});
    SLUICE_FAILPOINT("finish.before_commit");
    return v.state;
  });
  SLUICE_FAILPOINT("finish.after_commit");
  return state;
}

}  // namespace sluice::store::postgres
