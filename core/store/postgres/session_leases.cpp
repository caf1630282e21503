// Who has a run: the row of its lease is the lock.
#include "engine/failpoint.hpp"
#include "store/leases.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

// As decide_lease and what it calls, where nobody has the lease: most sign-ins. Who has let go of one waits for nothing;
// who is about to is waited for.
constexpr const char* begin_run_sql = R"sql(
WITH now AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS us),
lease AS (
  INSERT INTO sluice.leases AS l (tenant, pipeline, scope, run_id, epoch, host, boot_id, pid, started, expires_us)
  SELECT $2::text, $3::text, $4::text, $1::uuid, 1, $5::text, $6::text, $7::int8, $8::int8, us + $9::int8 FROM now
  ON CONFLICT (tenant, pipeline, scope) DO UPDATE SET run_id = excluded.run_id, epoch = l.epoch + 1,
    host = excluded.host, boot_id = excluded.boot_id, pid = excluded.pid, started = excluded.started,
    expires_us = excluded.expires_us
  WHERE l.run_id IS NULL
  RETURNING epoch),
run AS (
  INSERT INTO sluice.runs (run_id, tenant, pipeline, scope, correlation_id, manifest_hash, backend, route_reason,
    mode, plan, state, created_us, retry_of)
  SELECT $1::uuid, $2::text, $3::text, $4::text, $10::text, $11::text, $12::text, $13::text, $14::text, $15::text,
    'queued', us, nullif($16::text, '')::uuid FROM now, lease),
seen AS (
  INSERT INTO sluice.tenants (tenant, first_seen_us, seen_us) SELECT $2::text, us, us FROM now, lease
  ON CONFLICT (tenant) DO UPDATE SET seen_us = excluded.seen_us)
SELECT epoch FROM lease)sql";

bool same_holder(const engine::holder& a, const engine::holder& b) {
  return a.host == b.host && a.boot_id == b.boot_id && a.pid == b.pid && a.started == b.started;
}

}  // namespace

// Nothing: the long way decides.
std::optional<engine::run_lease> postgres_session::begin_run(const engine::run_request& r) {
  if (r.unless_since_us > 0) return std::nullopt;
  SLUICE_FAILPOINT("start_run.before_commit");
  try {
    const rows begun =
        db().query(begin_run_sql, {encode_uuid_text(r.run_id), r.tenant, r.pipeline, r.scope, r.by.host,
                                   r.by.boot_id, encode_int8(r.by.pid), encode_int8(r.by.started),
                                   encode_int8(r.lease_us), r.correlation_id, r.manifest_hash, r.backend,
                                   r.route_reason, r.mode, r.plan, r.retry_of});
    if (begun.empty()) return std::nullopt;
    SLUICE_FAILPOINT("start_run.after_insert");
    SLUICE_FAILPOINT("start_run.after_commit");
    return engine::run_lease{
        engine::run_lease::how::started, r.run_id, r.correlation_id, begun.number(0, 0), {}};
  } catch (const sql_failure& f) {
    if (!f.key_taken()) throw;  // there is a run with this id
    return std::nullopt;
  }
}

engine::run_lease postgres_session::decide_lease(const engine::run_request& r,
                                                 const std::function<bool(const engine::holder&)>& dead) {
  const held_lease lease = lock_lease(r);
  engine::run_lease out;
  out.run_id = r.run_id;
  out.correlation_id = r.correlation_id;
  out.epoch = lease.epoch + 1;
  if (lease.run_id.empty()) {
    if (r.unless_since_us > 0 && made_since(r)) return {engine::run_lease::how::skipped, {}, {}, 0, {}};
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
      if (lease.expires_us > lease.now_us + longest_lease * r.lease_us)
        shorten_lease(r, lease.now_us + r.lease_us);
      return out;
    }
    out.result = engine::run_lease::how::took_over;
  }
  take_lease(r, out, lease.now_us + r.lease_us);
  return out;
}

bool postgres_session::made_since(const engine::run_request& r) {
  return !db().query(
                  "SELECT FROM sluice.runs WHERE tenant = $1::text AND created_us >= $4::int8 "
                  "AND pipeline = $2::text AND scope = $3::text LIMIT 1",
                  {r.tenant, r.pipeline, r.scope, encode_int8(r.unless_since_us)})
              .empty();
}

postgres_session::held_lease postgres_session::lock_lease(const engine::run_request& r) {
  const parameters key{r.tenant, r.pipeline, r.scope};
  db().query(
      "INSERT INTO sluice.leases VALUES ($1::text, $2::text, $3::text, NULL, 0, '', '', 0, 0, 0) ON CONFLICT "
      "DO NOTHING",
      key);
  const rows lease =
      db().query(std::string("SELECT run_id, epoch, host, boot_id, pid, started, expires_us, ") + clock_us +
                     " FROM sluice.leases WHERE tenant = $1::text AND pipeline = $2::text AND scope = "
                     "$3::text FOR UPDATE",
                 key);
  held_lease out;
  out.epoch = lease.number(0, 1);
  out.by = {std::string(lease.text(0, 2)), std::string(lease.text(0, 3)), lease.number(0, 4),
            lease.number(0, 5)};
  out.expires_us = lease.number(0, 6);
  out.now_us = lease.number(0, 7);
  if (lease.is_null(0, 0)) return out;
  // A statement of its own: what it sees of the run must be later than the lock.
  const rows run = db().query("SELECT correlation_id FROM sluice.runs WHERE run_id = $1::uuid AND state IN " +
                                  std::string("('queued', 'running')"),
                              {encode_uuid_text(lease.text(0, 0))});
  if (run.empty()) return out;
  out.run_id = lease.text(0, 0);
  out.correlation_id = run.text(0, 0);
  return out;
}

void postgres_session::shorten_lease(const engine::run_request& r, std::int64_t expires_us) {
  db().query(
      "UPDATE sluice.leases SET expires_us = $4::int8 WHERE tenant = $1::text AND pipeline = $2::text AND "
      "scope = "
      "$3::text",
      {r.tenant, r.pipeline, r.scope, encode_int8(expires_us)});
}

void postgres_session::take_lease(const engine::run_request& r, const engine::run_lease& taken,
                                  std::int64_t expires_us) {
  db().query(
      "UPDATE sluice.leases SET run_id = $4::uuid, epoch = $5::int8, host = $6::text, boot_id = $7::text, "
      "pid = $8::int8, started = $9::int8, expires_us = $10::int8 "
      "WHERE tenant = $1::text AND pipeline = $2::text AND scope = $3::text",
      {r.tenant, r.pipeline, r.scope, encode_uuid_text(taken.run_id), encode_int8(taken.epoch), r.by.host,
       r.by.boot_id, encode_int8(r.by.pid), encode_int8(r.by.started), encode_int8(expires_us)});
}

}  // namespace sluice::store::postgres
