// Runs and their leases, by the database's clock.
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

constexpr const char* open_states = "('queued', 'running')";

bool same_holder(const engine::holder& a, const engine::holder& b) {
  return a.host == b.host && a.boot_id == b.boot_id && a.pid == b.pid && a.started == b.started;
}

bool is_id(const std::string& run_id) {
  try {
    (void)encode_uuid_text(run_id);
    return true;
  } catch (const engine::failure&) {
    return false;
  }
}

}  // namespace

postgres_session::postgres_session(std::string dsn, std::string schema)
    : dsn_(std::move(dsn)), schema_(std::move(schema)), connection_(std::make_unique<connection>(dsn_)) {}

connection& postgres_session::db() {
  if (!connection_ || !connection_->usable()) {
    connection_.reset();
    connection_ = std::make_unique<connection>(dsn_);
  }
  return *connection_;
}

void postgres_session::finish(transaction& t) {
  try {
    t.commit();
  } catch (const engine::failure& f) {
    if (f.kind() != engine::failure_class::in_doubt) throw;
    throw transient(code::connection, f.message());
  }
}

std::int64_t postgres_session::now_us() { return db().query(std::string("SELECT ") + clock_us).number(0, 0); }

// The lease is ours until the end of the transaction; a take-over waits.
void postgres_session::hold_lease(const std::string& run_id, std::int64_t epoch) {
  const rows held = db().query("SELECT FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR SHARE",
                               {encode_uuid_text(run_id), encode_int8(epoch)});
  if (held.empty()) throw fenced(code::fenced_run, "run " + run_id + " belongs to another process by now, or has ended");
}

engine::run_lease postgres_session::start_run(const engine::run_request& r,
                                              const std::function<bool(const engine::holder&)>& dead) {
  return atomically([&] { return decide_lease(r, dead); });
}

engine::run_lease postgres_session::decide_lease(const engine::run_request& r,
                                                 const std::function<bool(const engine::holder&)>& dead) {
  const held_lease lease = lock_lease(r);
  engine::run_lease out;
  out.run_id = r.run_id;
  out.correlation_id = r.correlation_id;
  out.epoch = lease.epoch + 1;
  if (lease.run_id.empty()) {
    insert_run(r, lease.now_us);
  } else {
    out.run_id = lease.run_id;
    out.correlation_id = lease.correlation_id;
    if (lease.run_id == r.run_id && same_holder(lease.by, r.by)) {
      out.epoch = lease.epoch;
      return out;
    }
    if (lease.expires_us > lease.now_us && !(dead && dead(lease.by))) {
      out.result = engine::run_lease::how::joined;
      out.epoch = 0;
      out.held_by = lease.by;
      return out;
    }
    out.result = engine::run_lease::how::took_over;
  }
  take_lease(r, out, lease.now_us + r.lease_us);
  return out;
}

postgres_session::held_lease postgres_session::lock_lease(const engine::run_request& r) {
  const parameters key{r.tenant, r.pipeline, r.scope};
  db().query(
      "INSERT INTO sluice.leases VALUES ($1::text, $2::text, $3::text, NULL, 0, '', '', 0, 0, 0) ON CONFLICT DO NOTHING", key);
  const rows lease = db().query(
      std::string("SELECT run_id, epoch, host, boot_id, pid, started, expires_us, ") + clock_us +
          " FROM sluice.leases WHERE tenant = $1::text AND pipeline = $2::text AND scope = $3::text FOR UPDATE",
      key);
  held_lease out;
  out.epoch = lease.number(0, 1);
  out.by = {std::string(lease.text(0, 2)), std::string(lease.text(0, 3)), lease.number(0, 4), lease.number(0, 5)};
  out.expires_us = lease.number(0, 6);
  out.now_us = lease.number(0, 7);
  if (lease.is_null(0, 0)) return out;
  // A statement of its own: what it sees of the run must be later than the lock.
  const rows run = db().query("SELECT correlation_id FROM sluice.runs WHERE run_id = $1::uuid AND state IN " +
                                  std::string(open_states),
                              {encode_uuid_text(lease.text(0, 0))});
  if (run.empty()) return out;
  out.run_id = lease.text(0, 0);
  out.correlation_id = run.text(0, 0);
  return out;
}

void postgres_session::take_lease(const engine::run_request& r, const engine::run_lease& taken, std::int64_t expires_us) {
  db().query(
      "UPDATE sluice.leases SET run_id = $4::uuid, epoch = $5::int8, host = $6::text, boot_id = $7::text, "
      "pid = $8::int8, started = $9::int8, expires_us = $10::int8 "
      "WHERE tenant = $1::text AND pipeline = $2::text AND scope = $3::text",
      {r.tenant, r.pipeline, r.scope, encode_uuid_text(taken.run_id), encode_int8(taken.epoch), r.by.host, r.by.boot_id,
       encode_int8(r.by.pid), encode_int8(r.by.started), encode_int8(expires_us)});
}

void postgres_session::insert_run(const engine::run_request& r, std::int64_t now) {
  const rows made = db().query(
      "INSERT INTO sluice.runs (run_id, tenant, pipeline, scope, correlation_id, manifest_hash, backend, route_reason, mode, "
      "plan, state, created_us) VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, "
      "$9::text, $10::text, 'queued', $11::int8) ON CONFLICT DO NOTHING",
      {encode_uuid_text(r.run_id), r.tenant, r.pipeline, r.scope, r.correlation_id, r.manifest_hash, r.backend,
       r.route_reason, r.mode, r.plan, encode_int8(now)});
  if (made.affected() != 1) {
    throw invalid(code::unknown_run, "run " + r.run_id + " has ended already; start one with a new id");
  }
  db().query(
      "INSERT INTO sluice.tenants (tenant, first_seen_us, seen_us) VALUES ($1::text, $2::int8, $2::int8) "
      "ON CONFLICT (tenant) DO UPDATE SET seen_us = excluded.seen_us",
      {r.tenant, encode_int8(now)});
}

bool postgres_session::renew_lease(const std::string& run_id, std::int64_t epoch, std::int64_t lease_us) {
  return db().query(std::string("UPDATE sluice.leases SET expires_us = ") + clock_us +
                        " + $3::int8 WHERE run_id = $1::uuid AND epoch = $2::int8",
                    {encode_uuid_text(run_id), encode_int8(epoch), encode_int8(lease_us)})
             .affected() == 1;
}

void postgres_session::mark_running(const std::string& run_id, std::int64_t epoch) {
  atomically([&] {
    hold_lease(run_id, epoch);
    return db().query(std::string("UPDATE sluice.runs SET state = 'running', started_us = ") + clock_us +
                          " WHERE run_id = $1::uuid AND state = 'queued'",
                      {encode_uuid_text(run_id)});
  });
}

void postgres_session::mark_essential(const std::string& run_id, std::int64_t epoch) {
  atomically([&] {
    hold_lease(run_id, epoch);
    return db().query(std::string("UPDATE sluice.runs SET essential_us = ") + clock_us +
                          " WHERE run_id = $1::uuid AND essential_us = 0",
                      {encode_uuid_text(run_id)});
  });
}

bool postgres_session::request_cancel(const std::string& run_id) {
  if (!is_id(run_id)) return false;
  return db().query(std::string("UPDATE sluice.runs SET cancel_requested = true WHERE run_id = $1::uuid AND state IN ") +
                        open_states,
                    {encode_uuid_text(run_id)})
             .affected() == 1;
}

bool postgres_session::cancel_requested(const std::string& run_id) {
  if (!is_id(run_id)) return false;
  const rows r = db().query("SELECT cancel_requested FROM sluice.runs WHERE run_id = $1::uuid", {encode_uuid_text(run_id)});
  return !r.empty() && r.boolean(0, 0);
}

// Asked again after an answer was lost: the same answer. Else somebody took over.
engine::run_state postgres_session::ended_before(const std::string& run_id, std::int64_t epoch) {
  const rows r = db().query(
      "SELECT r.state FROM sluice.runs r JOIN sluice.leases l ON l.tenant = r.tenant AND l.pipeline = r.pipeline "
      "AND l.scope = r.scope WHERE r.run_id = $1::uuid AND l.run_id IS NULL AND l.epoch = $2::int8 "
      "AND r.state NOT IN ('queued', 'running')",
      {encode_uuid_text(run_id), encode_int8(epoch)});
  if (r.empty()) throw fenced(code::fenced_run, "run " + run_id + " belongs to another process by now, or has ended");
  return engine::run_state_from(r.text(0, 0));
}

engine::run_state postgres_session::finish_run(const std::string& run_id, std::int64_t epoch, bool cancelled,
                                               const std::string& error_code, const std::string& error) {
  const std::string run = encode_uuid_text(run_id);
  return atomically([&] {
    const rows lease = db().query("SELECT FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR UPDATE",
                                  {run, encode_int8(epoch)});
    if (lease.empty()) return ended_before(run_id, epoch);
    run_account account = read_account(run);
    account.cancelled = cancelled;
    account.error_code = error_code;
    account.error = error;
    const verdict v = judge(account);
    db().query(std::string("UPDATE sluice.runs SET state = $2::text, error_code = $3::text, error = $4::text, ended_us = ") +
                   clock_us + " WHERE run_id = $1::uuid",
               {run, std::string(to_string(v.state)), v.error_code, v.error});
    db().query("UPDATE sluice.leases SET run_id = NULL, expires_us = 0 WHERE run_id = $1::uuid", {run});
    return v.state;
  });
}

}  // namespace sluice::store::postgres
