// Rows that wait in vain: let go, or rejected.
#include "engine/failpoint.hpp"
#include "store/account.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

using engine::missing_rule;

namespace {

// What stands behind `gone AS (DELETE … RETURNING *)`. `run`: the parameter that holds it.
std::string into_rejects(const std::string& run, const std::string& why) {
  return "INSERT INTO sluice.rejects (run_id, tenant, stage, item, page_seq, at_us, ordinal, stream, key, "
         "field, "
         "reason, raw) SELECT " +
         run + "::uuid, tenant, stage, item, page_seq, " + clock_us + ", -1, stream, key, reference, " + why +
         ", convert_to(left(payload, -1) || ',\"_read_at\":' || requested_us || '}', 'UTF8') FROM gone";
}

// `there is no` becomes: there is no `users` 17.
std::string about_parent(const std::string& text) {
  return "'" + text + " `' || parent_stream || '` ' || replace(parent_key, E'\\x1f', ' ')";
}

// Counted in a line of the ledger, where the books of the rows' stage are.
std::string into_ledger(const std::string& run) {
  return "INSERT INTO sluice.ledger (run_id, stage, item, page_seq, stream, ordinal, rows, inserted, "
         "updated, "
         "unchanged, deleted, deferred, rejected, duplicate, stale, skipped, resolved_inserted, "
         "resolved_updated, "
         "resolved_unchanged, keys) SELECT " +
         run +
         "::uuid, g.stage, 'resolve', (SELECT coalesce(max(page_seq) + 1, 0) FROM sluice.ledger WHERE run_id "
         "= " +
         run +
         "::uuid AND item = 'resolve'), g.stream, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, g.n, 0, 0, g.n, '{}' FROM "
         "(SELECT stage, stream, count(*) AS n FROM gone GROUP BY stage, stream) g";
}

}  // namespace

std::int64_t postgres_session::expire_deferred(const std::string& run_id, const std::string& tenant,
                                               const std::vector<missing_rule>& rules) {
  const std::string run = encode_uuid_text(run_id);
  const bool any = !rules.empty() &&
                   db().query("SELECT EXISTS (SELECT FROM sluice.deferred WHERE tenant = $1::text)", {tenant})
                       .boolean(0, 0);
  if (!any) return expire(run, tenant);
  load_streams();
  const std::vector<stage_account> accounts = read_accounts(run, "");
  std::int64_t gone = 0;
  for (const missing_rule& r : rules) {
    if (why_no_sweep(accounts, r.parents).empty()) gone += atomically([&] { return let_go(run, tenant, r); });
  }
  return gone + expire(run, tenant);
}

// While the parents' stream is locked, none can come; a parent may itself be waiting.
std::int64_t postgres_session::let_go(const std::string& run, const std::string& tenant,
                                      const missing_rule& r) {
  if (!streams_.contains(r.to)) return 0;
  lock_stream(tenant, r.to);
  const std::string vain =
      "SELECT w.stream, w.key FROM sluice.deferred" + join_parent(r.to, false) +
      " AND w.stage = $3::text AND w.stream = $4::text AND w.reference = $5::text AND (($6::boolean AND "
      "w.run_id = "
      "$7::uuid) OR w.requested_us < (SELECT created_us FROM sluice.runs WHERE run_id = $7::uuid)) AND NOT "
      "EXISTS "
      "(SELECT FROM sluice.deferred p WHERE p.tenant = $1::text AND p.stream = w.parent_stream AND p.key = "
      "w.parent_key)";
  const std::string told = r.rejects ? into_rejects("$7", about_parent("there is no")) : into_ledger("$7");
  return db()
      .query("WITH vain AS (" + vain +
                 "), gone AS (DELETE FROM sluice.deferred d USING vain v WHERE d.tenant = " +
                 "$1::text AND d.stream = v.stream AND d.key = v.key RETURNING d.*), told AS (" + told +
                 ") SELECT count(*) FROM gone",
             {tenant, r.to, r.stage, r.stream, r.reference, encode_bool(r.whole), run})
      .number(0, 0);
}

std::int64_t postgres_session::expire(const std::string& run, const std::string& tenant) {
  SLUICE_FAILPOINT("expire.before_commit");
  return db()
      .query(std::string(
                 "WITH gone AS (DELETE FROM sluice.deferred WHERE tenant = $2::text AND expires_us <= ") +
                 clock_us + " RETURNING *) " +
                 into_rejects("$1", about_parent("waited for") + " || ' in vain'"),
             {run, tenant})
      .affected();
}

}  // namespace sluice::store::postgres
