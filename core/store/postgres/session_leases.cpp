// Who has a run: the row of its lease is the lock.
#include "store/leases.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

bool same_holder(const engine::holder& a, const engine::holder& b) {
  return a.host == b.host && a.boot_id == b.boot_id && a.pid == b.pid && a.started == b.started;
}

}  // namespace

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
