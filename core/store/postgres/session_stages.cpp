// Stages, their attempts and their work items; and the account that `complete` and `succeeded` need.
#include <algorithm>

#include "engine/failpoint.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

bool is_terminal(engine::stage_state s) { return s > engine::stage_state::running; }

// The lease is ours until the end of the transaction. The first attempt at a stage makes it, with its item; nobody
// waits until that is on the disk, since nothing has been read yet and each later commit takes it there. A server that
// dies before has lost the stage alone: the next commit is fenced, and the run goes on from what is there.
constexpr const char* make_stage_sql = R"sql(
WITH lease AS MATERIALIZED (
  SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR KEY SHARE),
made AS (
  INSERT INTO sluice.stages (run_id, stage, phase, critical, state, epoch, started_us)
  SELECT $1::uuid, $3::text, $4::text, $5::boolean, 'running', 1,
    (extract(epoch FROM clock_timestamp()) * 1000000)::int8 FROM lease
  ON CONFLICT (run_id, stage) DO NOTHING RETURNING stage),
root AS (
  INSERT INTO sluice.items (run_id, stage, item, vars) SELECT $1::uuid, stage, '0', $7::text FROM made
  WHERE $6::boolean)
SELECT (SELECT count(*) FROM lease), n, CASE WHEN n = 1 THEN set_config('synchronous_commit', 'off', true) END
FROM (SELECT count(*) AS n FROM made) m)sql";

std::vector<engine::item> open_items(connection& db, const std::string& run, const std::string& stage) {
  const rows open = db.query(
      "SELECT item, vars, page_state, page_seq FROM sluice.items "
      "WHERE run_id = $1::uuid AND stage = $2::text AND state = 'open' ORDER BY item",
      {run, stage});
  std::vector<engine::item> out;
  for (std::size_t n = 0; n < open.size(); ++n) {
    out.push_back({std::string(open.text(n, 0)), std::string(open.text(n, 1)), std::string(open.text(n, 2)),
                   open.number(n, 3), engine::item_state::open});
  }
  return out;
}

}  // namespace

void postgres_session::hold_stage(const std::string& run_id, const std::string& stage, std::int64_t epoch) {
  const rows held = db().query(
      "SELECT FROM sluice.stages WHERE run_id = $1::uuid AND stage = $2::text AND epoch = $3::int8 AND state "
      "= 'running' "
      "FOR SHARE",
      {encode_uuid_text(run_id), stage, encode_int8(epoch)});
  if (held.empty())
    throw fenced(code::fenced_stage, "stage `" + stage + "` has a newer attempt, or has ended");
}

engine::stage_attempt postgres_session::begin_stage(const std::string& run_id, std::int64_t run_epoch,
                                                    const engine::stage_start& s) {
  const std::string run = encode_uuid_text(run_id);
  return atomically([&] {
    engine::stage_attempt out;
    out.epoch = 1;
    out.state = engine::stage_state::running;
    const bool first = make_stage(run_id, run_epoch, s);
    if (!first) begin_again(run, s, out);
    SLUICE_FAILPOINT("begin_stage.after_epoch");
    if (is_terminal(out.state)) return out;
    if (first && s.root) out.open_items.push_back({"0", s.root_vars, {}, 0, engine::item_state::open});
    else out.open_items = open_items(db(), run, s.stage);
    SLUICE_FAILPOINT("begin_stage.before_commit");
    return out;
  });
}

// Holds the lease. False: an earlier attempt has made the stage.
bool postgres_session::make_stage(const std::string& run_id, std::int64_t run_epoch,
                                  const engine::stage_start& s) {
  const rows made = db().query(make_stage_sql, {encode_uuid_text(run_id), encode_int8(run_epoch), s.stage,
                                                std::string(to_string(s.phase)), encode_bool(s.critical),
                                                encode_bool(s.root), s.root_vars});
  if (made.number(0, 0) == 0) throw no_lease(run_id);
  return made.number(0, 1) == 1;
}

void postgres_session::begin_again(const std::string& run, const engine::stage_start& s,
                                   engine::stage_attempt& out) {
  rows taken = db().query(
      "UPDATE sluice.stages SET epoch = epoch + 1, state = 'running', phase = $3::text, critical = "
      "$4::boolean "
      "WHERE run_id = $1::uuid AND stage = $2::text AND state IN ('pending', 'running') RETURNING epoch, "
      "state",
      {run, s.stage, std::string(to_string(s.phase)), encode_bool(s.critical)});
  if (taken.empty()) {
    taken = db().query("SELECT epoch, state FROM sluice.stages WHERE run_id = $1::uuid AND stage = $2::text",
                       {run, s.stage});
  }
  out.epoch = taken.number(0, 0);
  out.state = engine::stage_state_from(taken.text(0, 1));
  if (is_terminal(out.state) || !s.root) return;
  db().query(
      "INSERT INTO sluice.items (run_id, stage, item, vars) SELECT $1::uuid, $2::text, '0', $3::text "
      "WHERE NOT EXISTS (SELECT FROM sluice.items WHERE run_id = $1::uuid AND stage = $2::text)",
      {run, s.stage, s.root_vars});
}

void postgres_session::drop_item(const std::string& run_id, const std::string& stage,
                                 std::int64_t stage_epoch, const std::string& item) {
  const std::string run = encode_uuid_text(run_id);
  atomically([&] {
    hold_stage(run_id, stage, stage_epoch);
    const rows r = db().query(
        "UPDATE sluice.items SET state = 'gone' WHERE run_id = $1::uuid AND stage = $2::text AND item = "
        "$3::text "
        "AND state IN ('open', 'gone')",
        {run, stage, item});
    if (r.affected() != 1)
      throw fenced(code::fenced_page, "item `" + item + "` of stage `" + stage + "` has ended");
    SLUICE_FAILPOINT("drop_item.before_commit");
    return 0;
  });
}

void postgres_session::end_stage(const engine::stage_end& e) {
  const std::string run = encode_uuid_text(e.run_id);
  atomically([&] {
    const rows found = db().query(
        "SELECT epoch, state FROM sluice.stages WHERE run_id = $1::uuid AND stage = $2::text FOR UPDATE",
        {run, e.stage});
    const bool mine = !found.empty() && found.number(0, 0) == e.epoch;
    const auto was = mine ? engine::stage_state_from(found.text(0, 1)) : engine::stage_state::pending;
    if (mine && was == e.state) return 0;
    if (!mine || is_terminal(was)) {
      throw fenced(code::fenced_stage, "stage `" + e.stage + "` has a newer attempt, or has ended");
    }
    const bool suspect = e.state == engine::stage_state::complete && complete_stage(run, e);
    db().query(
        std::string("UPDATE sluice.stages SET state = $3::text, error_code = $4::text, error = "
                    "$5::text, suspect = $6::boolean, requests = $7::int8, retries = $8::int8, ended_us = ") +
            clock_us + " WHERE run_id = $1::uuid AND stage = $2::text",
        {run, e.stage, std::string(to_string(e.state)), e.error_code, e.error, encode_bool(suspect),
         encode_int8(e.requests), encode_int8(e.retries)});
    SLUICE_FAILPOINT("end_stage.before_commit");
    return 0;
  });
}

}  // namespace sluice::store::postgres
