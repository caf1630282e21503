// The account that `complete` and `succeeded` need: what the items, the pages and the ledger say of each stage.
#include <algorithm>

#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

// By stage, in the order of `stages`: what the items, the pages and the ledger say of it.
const char* const stages_sql = R"sql(
WITH i AS (
  SELECT stage, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state <> 'open') AS done,
         count(*) FILTER (WHERE state = 'complete') AS complete, sum(page_seq)::int8 AS seq
  FROM sluice.items WHERE run_id = $1::uuid AND ($2::text = '' OR stage = $2::text) GROUP BY stage),
p AS (
  SELECT x.stage, count(*) AS pages, sum(records)::int8 AS records, sum(mapped)::int8 AS mapped,
         sum(filtered)::int8 AS filtered, sum(rejected)::int8 AS rejected,
         count(*) FILTER (WHERE is_end AND (SELECT y.page_seq = x.page_seq + 1 AND y.state = 'complete'
           FROM sluice.items y WHERE y.run_id = x.run_id AND y.stage = x.stage AND y.item = x.item)) AS ended
  FROM sluice.pages x WHERE x.run_id = $1::uuid AND ($2::text = '' OR x.stage = $2::text) GROUP BY x.stage),
l AS (
  SELECT stage, count(*) FILTER (WHERE rows <> inserted + updated + unchanged + deleted + deferred + rejected
                                 OR duplicate + stale > unchanged OR skipped > resolved_unchanged) AS unbalanced
  FROM sluice.ledger WHERE run_id = $1::uuid AND ($2::text = '' OR stage = $2::text) GROUP BY stage)
SELECT s.stage, s.phase, s.critical, s.state, s.epoch, s.started_us, s.ended_us, s.error_code, s.error,
       coalesce(i.open, 0), coalesce(i.done, 0), coalesce(i.seq, 0), coalesce(i.complete, 0) - coalesce(p.ended, 0),
       coalesce(p.pages, 0), coalesce(p.records, 0), coalesce(p.mapped, 0), coalesce(p.filtered, 0),
       coalesce(p.rejected, 0), coalesce(l.unbalanced, 0), s.suspect,
       (SELECT r.scope = '' FROM sluice.runs r WHERE r.run_id = s.run_id)
FROM sluice.stages s LEFT JOIN i USING (stage) LEFT JOIN p USING (stage) LEFT JOIN l USING (stage)
WHERE s.run_id = $1::uuid AND ($2::text = '' OR s.stage = $2::text) ORDER BY s.stage)sql";

const char* const streams_sql = R"sql(
SELECT stage, stream, sum(rows)::int8, sum(inserted)::int8, sum(updated)::int8, sum(unchanged)::int8,
       sum(deleted)::int8, sum(deferred)::int8, sum(rejected)::int8, sum(duplicate)::int8, sum(stale)::int8,
       sum(skipped)::int8, sum(resolved_inserted)::int8, sum(resolved_updated)::int8,
         sum(resolved_unchanged)::int8,
       sum(swept)::int8
FROM sluice.ledger WHERE run_id = $1::uuid AND ($2::text = '' OR stage = $2::text)
GROUP BY stage, stream ORDER BY stage, stream)sql";

namespace {

engine::row_counts counts_at(const rows& r, std::size_t n, int c) {
  engine::row_counts out;
  std::int64_t* const fields[] = {&out.rows,
                                  &out.inserted,
                                  &out.updated,
                                  &out.unchanged,
                                  &out.deleted,
                                  &out.deferred,
                                  &out.rejected,
                                  &out.duplicate,
                                  &out.stale,
                                  &out.skipped,
                                  &out.resolved_inserted,
                                  &out.resolved_updated,
                                  &out.resolved_unchanged,
                                  &out.swept};
  for (std::int64_t* f : fields) *f = r.number(n, c++);
  return out;
}

stage_account account_at(const rows& r, std::size_t n) {
  stage_account out;
  engine::stage_row& row = out.row;
  row.stage = r.text(n, 0);
  row.phase = r.text(n, 1) == "essential" ? engine::phase::essential : engine::phase::background;
  row.critical = r.boolean(n, 2);
  row.state = engine::stage_state_from(r.text(n, 3));
  row.epoch = r.number(n, 4), row.started_us = r.number(n, 5), row.ended_us = r.number(n, 6);
  row.error_code = r.text(n, 7), row.error = r.text(n, 8);
  row.items_open = r.number(n, 9), row.items_done = r.number(n, 10);
  out.page_seq_sum = r.number(n, 11), out.items_unended = r.number(n, 12);
  row.pages = r.number(n, 13);
  row.records = {r.number(n, 14), r.number(n, 15), r.number(n, 16), r.number(n, 17)};
  out.unbalanced = r.number(n, 18);
  row.suspect = r.boolean(n, 19);
  out.whole_tenant = r.boolean(n, 20);
  return out;
}

}  // namespace

std::vector<stage_account> accounts_in(const rows& stages) {
  std::vector<stage_account> out;
  for (std::size_t n = 0; n < stages.size(); ++n) out.push_back(account_at(stages, n));
  return out;
}

std::vector<stage_account> stages_in(const rows& stages, const rows& streams) {
  std::vector<stage_account> out = accounts_in(stages);
  for (std::size_t n = 0; n < streams.size(); ++n) {
    const auto of = std::find_if(out.begin(), out.end(),
                                 [&](const stage_account& s) { return s.row.stage == streams.text(n, 0); });
    if (of != out.end()) of->row.streams.emplace_back(streams.text(n, 1), counts_at(streams, n, 2));
  }
  return out;
}

std::vector<stage_account> postgres_session::read_accounts(const std::string& run, const std::string& stage) {
  return accounts_in(db().query(stages_sql, {run, stage}));
}

std::vector<stage_account> postgres_session::read_stages(const std::string& run) {
  const std::vector<rows> got = db().query_all({{stages_sql, {run, ""}}, {streams_sql, {run, ""}}});
  return stages_in(got[0], got[1]);
}

run_account postgres_session::read_account(const std::string& run) {
  run_account out;
  constexpr const char* rest_sql =
      "SELECT (SELECT plan FROM sluice.runs WHERE run_id = $1::uuid),"
      " (SELECT count(*) FROM sluice.items WHERE run_id = $1::uuid AND state = 'open'),"
      " (SELECT count(*) FROM sluice.rejects WHERE run_id = $1::uuid),"
      " (SELECT count(*) FROM sluice.deferred WHERE run_id = $1::uuid),"
      " (SELECT count(*) FROM sluice.held WHERE run_id = $1::uuid)";
  const std::vector<rows> got =
      db().query_all({{stages_sql, {run, ""}}, {streams_sql, {run, ""}}, {rest_sql, {run}}});
  out.stages = stages_in(got[0], got[1]);
  const rows& r = got[2];
  out.plan = r.text(0, 0);
  out.open_items = r.number(0, 1);
  out.rejects = r.number(0, 2);
  out.deferred = r.number(0, 3);
  out.held = r.number(0, 4);
  return out;
}

}  // namespace sluice::store::postgres
