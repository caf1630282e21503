// What a complete stage leaves behind for the next run: how far it read, and whether to believe it.
#include <algorithm>

#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

// The records of stage $2 in the last other run of the same tenant, pipeline and scope that completed it; only
// of a whole tenant: that a subject has nothing left is no wonder.
constexpr const char* records_before_sql = R"sql(
SELECT coalesce(sum(p.records), 0)::int8 FROM sluice.pages p WHERE p.stage = $2::text AND p.run_id = (
  SELECT o.run_id FROM sluice.runs r JOIN sluice.runs o ON o.tenant = r.tenant AND o.pipeline = r.pipeline
    AND o.scope = r.scope AND o.run_id <> r.run_id
  JOIN sluice.stages s ON s.run_id = o.run_id AND s.stage = $2::text AND s.state = 'complete'
  WHERE r.run_id = $1::uuid AND r.scope = '' ORDER BY o.created_us DESC, o.run_id DESC LIMIT 1))sql";

// $3 lag, $4 whether it was a full read, $5 mapping. A watermark goes back only after a full read. b: what a run
// beside it has read earlier may still come, or have come after this one was told that it is gone.
constexpr const char* move_sql = R"sql(
INSERT INTO sluice.watermarks AS w (tenant, pipeline, stage, value_us, full_us, mapping, run_id, at_us)
SELECT r.tenant, r.pipeline, s.stage,
       CASE WHEN h.high IS NULL AND NOT $4::boolean THEN 0
            ELSE least(s.started_us - $3::int8, b.began - $3::int8, h.high) END,
       s.started_us, $5::text, r.run_id, (extract(epoch FROM clock_timestamp()) * 1000000)::int8
FROM sluice.runs r JOIN sluice.stages s ON s.run_id = r.run_id AND s.stage = $2::text
CROSS JOIN LATERAL (SELECT max(p.high_us) AS high FROM sluice.pages p
                    WHERE p.run_id = r.run_id AND p.stage = s.stage) h
CROSS JOIN LATERAL (
  SELECT min(o.created_us) AS began FROM (
    SELECT created_us, tenant, run_id FROM sluice.runs WHERE state IN ('queued', 'running') UNION ALL
    SELECT created_us, tenant, run_id FROM sluice.runs WHERE ended_us > 0 AND ended_us >= s.started_us) o
  WHERE o.tenant = r.tenant AND o.run_id <> r.run_id) b
WHERE r.run_id = $1::uuid
ON CONFLICT (tenant, pipeline, stage) DO UPDATE SET
  value_us = CASE WHEN $4::boolean THEN excluded.value_us ELSE greatest(w.value_us, excluded.value_us) END,
  full_us = CASE WHEN $4::boolean THEN excluded.full_us ELSE w.full_us END,
  mapping = excluded.mapping, run_id = excluded.run_id, at_us = excluded.at_us)sql";

constexpr const char* watermarks_sql =
    "SELECT stage, mapping, value_us, full_us FROM sluice.watermarks WHERE tenant = $1::text AND pipeline = "
    "$2::text";
constexpr const char* freshness_sql =
    "SELECT DISTINCT ON (s.stage) s.stage, r.manifest_hash, s.started_us FROM sluice.runs r "
    "JOIN sluice.stages s ON s.run_id = r.run_id WHERE r.tenant = $1::text AND r.pipeline = $2::text "
    "AND r.scope = $3::text AND s.state = 'complete' AND NOT s.suspect ORDER BY s.stage, s.started_us DESC";

std::vector<engine::watermark_row> watermarks_in(const rows& r) {
  std::vector<engine::watermark_row> out;
  for (std::size_t n = 0; n < r.size(); ++n) {
    out.push_back({std::string(r.text(n, 0)), std::string(r.text(n, 1)), r.number(n, 2), r.number(n, 3)});
  }
  return out;
}

std::vector<engine::freshness_row> freshness_in(const rows& r) {
  std::vector<engine::freshness_row> out;
  for (std::size_t n = 0; n < r.size(); ++n) {
    out.push_back({std::string(r.text(n, 0)), std::string(r.text(n, 1)), r.number(n, 2)});
  }
  return out;
}

}  // namespace

bool postgres_session::complete_stage(const std::string& run, const engine::stage_end& e) {
  const std::vector<stage_account> account = read_accounts(run, e.stage);
  if (const std::string why = unproven(account.at(0)); !why.empty()) throw internal(code::unproven, why);
  const bool full = !e.watermark || e.watermark->full;
  if (full && account.at(0).row.records.records == 0 &&
      db().query(records_before_sql, {run, e.stage}).number(0, 0) > 0) {
    return true;
  }
  if (e.watermark) {
    db().query(move_sql,
               {run, e.stage, encode_int8(e.watermark->lag_us), encode_bool(full), e.watermark->mapping});
  }
  return false;
}

std::vector<engine::watermark_row> postgres_session::watermarks(const std::string& tenant,
                                                                const std::string& pipeline) {
  return watermarks_in(db().query(watermarks_sql, {tenant, pipeline}));
}

std::vector<engine::freshness_row> postgres_session::freshness(const std::string& tenant,
                                                               const std::string& pipeline,
                                                               const std::string& scope) {
  return freshness_in(db().query(freshness_sql, {tenant, pipeline, scope}));
}

engine::read_history postgres_session::read_before(const std::string& tenant, const std::string& pipeline,
                                                   const std::string& scope, engine::history_use use) {
  std::vector<statement> ask{{now_sql(), {}}};
  if (use.watermarks) ask.push_back({watermarks_sql, {tenant, pipeline}});
  if (use.fresh) ask.push_back({freshness_sql, {tenant, pipeline, scope}});
  const std::vector<rows> got = db().query_all(ask);
  engine::read_history out;
  out.now_us = got[0].number(0, 0);
  if (use.watermarks) out.watermarks = watermarks_in(got[1]);
  if (use.fresh) out.fresh = freshness_in(got.back());
  return out;
}

}  // namespace sluice::store::postgres
