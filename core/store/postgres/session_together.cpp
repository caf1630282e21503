// What most runs do at their beginning and at their end, in few round trips. Whatever is not as usual goes the long way.
#include <algorithm>

#include "engine/failpoint.hpp"
#include "store/postgres/deletion.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

// A sweep that has to look for more keys than that may as well have a plan of its own.
constexpr std::int64_t few_rows = 20'000;

// As make_stage_sql, for several; `running` is not waited for either.
constexpr const char* begin_sql = R"sql(
WITH lease AS MATERIALIZED (
  SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR KEY SHARE),
ran AS (
  UPDATE sluice.runs r SET state = 'running', started_us = (extract(epoch FROM clock_timestamp()) * 1000000)::int8
  WHERE $3::boolean AND r.run_id = $1::uuid AND r.state = 'queued' AND EXISTS (SELECT FROM lease)),
x AS MATERIALIZED (
  SELECT * FROM unnest($4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::text[])
    AS x(stage, phase, critical, root, vars)),
made AS (
  INSERT INTO sluice.stages (run_id, stage, phase, critical, state, epoch, started_us)
  SELECT $1::uuid, x.stage, x.phase, x.critical, 'running', 1,
    (extract(epoch FROM clock_timestamp()) * 1000000)::int8 FROM lease, x
  ON CONFLICT (run_id, stage) DO NOTHING RETURNING stage),
root AS (
  INSERT INTO sluice.items (run_id, stage, item, vars)
  SELECT $1::uuid, x.stage, '0', x.vars FROM made JOIN x ON x.stage = made.stage WHERE x.root)
SELECT (SELECT count(*) FROM lease), (SELECT count(*) FROM made), set_config('synchronous_commit', 'off', true))sql";

// Those whose books were found in order. Nothing can have come to them since: each of their items is complete.
constexpr const char* end_sql = R"sql(
WITH e AS MATERIALIZED (
  SELECT * FROM unnest($3::text[], $4::int8[], $5::int8[], $6::int8[]) AS e(stage, epoch, requests, retries)),
lease AS MATERIALIZED (
  SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR KEY SHARE),
done AS (
  UPDATE sluice.stages s SET state = 'complete', error_code = '', error = '', suspect = false,
    requests = e.requests, retries = e.retries, ended_us = (extract(epoch FROM clock_timestamp()) * 1000000)::int8
  FROM e WHERE s.run_id = $1::uuid AND s.stage = e.stage AND s.epoch = e.epoch AND s.state = 'running' RETURNING 1),
marked AS (
  UPDATE sluice.runs r SET essential_us = (extract(epoch FROM clock_timestamp()) * 1000000)::int8
  WHERE $7::boolean AND r.run_id = $1::uuid AND r.essential_us = 0 AND EXISTS (SELECT FROM lease)
    AND (SELECT count(*) FROM done) = (SELECT count(*) FROM e))
SELECT (SELECT count(*) FROM done), (SELECT count(*) FROM lease))sql";

// All that finish_run and those before it look at, of run $1.
const std::string facts_sql = R"sql(
SELECT r.pipeline, r.plan, r.created_us, (SELECT min(at_us) FROM sluice.pages WHERE run_id = r.run_id),
  (extract(epoch FROM clock_timestamp()) * 1000000)::int8,
  (SELECT count(*) FROM sluice.items WHERE run_id = r.run_id AND state = 'open'),
  (SELECT count(*) FROM sluice.rejects WHERE run_id = r.run_id),
  EXISTS (SELECT FROM sluice.ledger WHERE run_id = r.run_id AND rejected > 0),
  EXISTS (SELECT FROM sluice.deferred WHERE tenant = r.tenant)
    OR EXISTS (SELECT FROM sluice.pending_links WHERE tenant = r.tenant),
  (SELECT count(*) FROM sluice.deferred WHERE run_id = r.run_id), r.tenant, r.scope,
  EXISTS (SELECT FROM sluice.deferred WHERE tenant = r.tenant
            AND expires_us <= (extract(epoch FROM clock_timestamp()) * 1000000)::int8)
    OR EXISTS (SELECT FROM sluice.held WHERE run_id = r.run_id)
    OR EXISTS (SELECT FROM sluice.ledger WHERE run_id = r.run_id AND (deleted > 0 OR swept > 0))
    OR (r.scope = '' AND )sql" +
                              std::string(left_orphans) + ") FROM sluice.runs r WHERE r.run_id = $1::uuid";

constexpr const char* close_sql = R"sql(
WITH ended AS (
  UPDATE sluice.runs SET state = $2::text, error_code = '', error = '',
    ended_us = (extract(epoch FROM clock_timestamp()) * 1000000)::int8 WHERE run_id = $1::uuid)
UPDATE sluice.leases SET run_id = NULL, expires_us = 0 WHERE run_id = $1::uuid)sql";

// A live row of that origin, a parameter, that no page of run $2 has brought. The keys are hashed once, whatever the
// planner is allowed to do with joins.
std::string missing_row(const std::string& schema, const stream_schema& s, const std::string& origin) {
  return "EXISTS (SELECT FROM " + qualified(schema, s.name) +
         " t WHERE t.tenant_id = $1::text AND t.origin = " + origin + " AND t.deleted_at IS NULL AND " +
         key_of(s) + " NOT IN (" + brought_by("$2", s) + "))";
}

// Items of run $1 that ended with their last page; only where no record and no row was refused.
constexpr const char* read_items_sql = R"sql(
SELECT i.stage, i.item, i.vars FROM sluice.items i CROSS JOIN LATERAL (
  SELECT count(*) AS pages, bool_or(is_end) AS ended, sum(rejected) AS rejected
  FROM sluice.pages x WHERE x.run_id = i.run_id AND x.stage = i.stage AND x.item = i.item) p
WHERE i.run_id = $1::uuid AND i.state = 'complete' AND p.pages = i.page_seq AND p.ended AND p.rejected = 0)sql";

bool any_partitions(const engine::quiet_end& end) {
  return std::any_of(end.sweeps.begin(), end.sweeps.end(),
                     [](const engine::sweep_request& s) { return !s.partitions.empty(); });
}

bool as_usual(const engine::stage_end& e) { return e.state == engine::stage_state::complete && !e.watermark; }

}  // namespace

std::vector<engine::stage_attempt> postgres_session::begin_stages(const engine::stages_start& start) {
  array_builder stages(oid::text), phases(oid::text), critical(oid::boolean), roots(oid::boolean),
      vars(oid::text);
  for (const engine::stage_start& s : start.stages) {
    stages.text(s.stage), phases.text(to_string(s.phase)), critical.boolean(s.critical);
    roots.boolean(s.root), vars.text(s.root_vars);
  }
  // A statement is a transaction of its own: it is committed when there is an answer.
  SLUICE_FAILPOINT("mark_running.before_commit");
  SLUICE_FAILPOINT("begin_stage.before_commit");
  const rows made = db().query(
      begin_sql, {encode_uuid_text(start.run_id), encode_int8(start.run_epoch), encode_bool(start.first),
                  stages.finish(), phases.finish(), critical.finish(), roots.finish(), vars.finish()});
  if (made.number(0, 0) == 0) throw no_lease(start.run_id);
  SLUICE_FAILPOINT("begin_stage.after_epoch");
  // An earlier attempt has made some of them: each takes its turn, those made just now too.
  if (made.number(0, 1) != static_cast<std::int64_t>(start.stages.size()))
    return atomically([&] { return session::begin_stages(start); });
  std::vector<engine::stage_attempt> out;
  for (const engine::stage_start& s : start.stages) {
    engine::stage_attempt& a = out.emplace_back();
    a.epoch = 1;
    a.state = engine::stage_state::running;
    if (s.root) a.open_items.push_back({"0", s.root_vars, {}, 0, engine::item_state::open});
  }
  return out;
}

void postgres_session::end_stages(const engine::stages_end& end) {
  const bool usual = std::all_of(end.stages.begin(), end.stages.end(), as_usual);
  if (usual && end_proven(end)) return;
  atomically([&] {
    session::end_stages(end);
    return 0;
  });
}

// False: not all of them have ended.
bool postgres_session::end_proven(const engine::stages_end& end) {
  const std::string run = encode_uuid_text(end.run_id);
  const bool alone = end.stages.size() == 1;
  const std::vector<stage_account> accounts = read_accounts(run, alone ? end.stages.front().stage : "");
  array_builder stages(oid::text), epochs(oid::int8), requests(oid::int8), retries(oid::int8);
  for (const engine::stage_end& e : end.stages) {
    const auto of = std::find_if(accounts.begin(), accounts.end(),
                                 [&](const stage_account& a) { return a.row.stage == e.stage; });
    if (of == accounts.end() || !unproven(*of).empty()) return false;
    // Where nothing of the tenant came, the run before this one is asked.
    if (of->row.records.records == 0 && of->whole_tenant) return false;
    stages.text(e.stage), epochs.int8(e.epoch), requests.int8(e.requests), retries.int8(e.retries);
  }
  SLUICE_FAILPOINT("end_stage.before_commit");
  const rows done = db().query(end_sql, {run, encode_int8(end.run_epoch), stages.finish(), epochs.finish(),
                                         requests.finish(), retries.finish(), encode_bool(end.essential)});
  if (end.essential && done.number(0, 1) == 0) throw no_lease(end.run_id);
  SLUICE_FAILPOINT("mark_essential.before_commit");
  return done.number(0, 0) == static_cast<std::int64_t>(end.stages.size());
}

std::optional<engine::run_state> postgres_session::finish_quiet(const engine::quiet_end& end) {
  for (const engine::sweep_request& s : end.sweeps) {
    if (!streams_.contains(s.stream)) load_streams();
  }
  const std::string run = encode_uuid_text(end.run_id);
  std::vector<statement> ask{
      {lease_sql, {run, encode_int8(end.run_epoch)}}, {facts_sql, {run}}, {stages_sql, {run, ""}}};
  // Each sees what was committed before the lock was taken.
  if (any_partitions(end)) ask.push_back({read_items_sql, {run}});
  transaction t(db());
  const std::vector<rows> got = db().query_all(ask);
  if (got[0].empty()) return ended_before(end.run_id, end.run_epoch);
  const auto how = quiet_verdict(run, end, got);
  if (!how) return std::nullopt;
  SLUICE_FAILPOINT("finish.after_state");
  SLUICE_FAILPOINT("finish.before_commit");
  finish(t, {{close_sql, {run, std::string(to_string(*how))}}});
  SLUICE_FAILPOINT("finish.after_commit");
  return how;
}

// What waits goes on waiting. The run of a whole tenant may prove that there is no such parent: then it does more.
bool postgres_session::waits_in_vain(const rows& facts) {
  const bool of_subject = !facts.text(0, 11).empty();
  return of_subject && !more_to_resolve(std::string(facts.text(0, 10)));
}

// `got`: see finish_quiet.
std::optional<engine::run_state> postgres_session::quiet_verdict(const std::string& run,
                                                                 const engine::quiet_end& end,
                                                                 const std::vector<rows>& got) {
  const rows& facts = got[1];
  const bool something_to_do = facts.boolean(0, 12);
  if (something_to_do || (facts.boolean(0, 8) && !waits_in_vain(facts))) return std::nullopt;
  run_account account;
  account.stages = accounts_in(got[2]);
  account.plan = facts.text(0, 1);
  account.open_items = facts.number(0, 5);
  account.rejects = facts.number(0, 6);
  account.deferred = facts.number(0, 9);
  // The books of each stream are asked for where they could say more than that.
  const bool refused = facts.boolean(0, 7) || account.rejects > 0;
  if (refused && (account.rejects == 0 || any_partitions(end))) return std::nullopt;
  const verdict v = judge(account);
  const bool good = v.state == engine::run_state::succeeded || v.state == engine::run_state::partial;
  if (!good || !v.error_code.empty()) return std::nullopt;
  std::optional<std::int64_t> earliest;
  if (!facts.is_null(0, 3)) earliest = facts.number(0, 3);
  if (went_back(facts.number(0, 2), earliest, facts.number(0, 4))) return std::nullopt;
  const rows* const items = got.size() > 3 ? &got[3] : nullptr;
  if (!nothing_vanished(run, std::string(facts.text(0, 0)), end, account, items)) return std::nullopt;
  return v.state;
}

bool postgres_session::nothing_vanished(const std::string& run, const std::string& pipeline,
                                        const engine::quiet_end& end, const run_account& account,
                                        const rows* items) {
  std::int64_t brought = 0;
  for (const stage_account& s : account.stages) brought += s.row.records.records;
  if (brought > few_rows) return false;
  std::vector<std::string> conditions;
  parameters values{end.tenant, run};
  for (const engine::sweep_request& s : end.sweeps) {
    if (!streams_.contains(s.stream)) return false;
    const std::int64_t origin = origin_of(pipeline, s.entry);
    if (!s.stages.empty() && why_no_sweep(account.stages, s.stages).empty()) {
      values.push_back(encode_int8(origin));
      conditions.push_back(
          missing_row(schema_, streams_.at(s.stream), "$" + std::to_string(values.size()) + "::int8"));
      continue;
    }
    if (s.partitions.empty()) return false;
    if (!ask_partitions(s, *items, account.stages, origin, conditions, values)) return false;
  }
  if (conditions.empty()) return true;
  std::string sql = "SELECT ";
  for (const std::string& c : conditions) sql += (&c == &conditions.front() ? "" : " OR ") + c;
  return !db().query(sql, values).boolean(0, 0);
}

}  // namespace sluice::store::postgres
