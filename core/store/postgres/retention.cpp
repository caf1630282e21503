// What a serving host looks for: open runs, tenants that are due, and what is old enough to go.
#include <algorithm>
#include <limits>

#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"
#include "store/postgres/setup.hpp"

namespace sluice::store::postgres {

using engine::retention_request;
using engine::retention_result;

namespace {

constexpr std::int64_t id_window = 100'000;  // ids of a stream that one call looks at

// $1 created_us and $2 run_id of the last one looked at, $3 ended before, $4 how many to look at. A run may go
// when it is over, no open or held run of its tenant began while it ran, no row waits in its name, and no stage of
// it is the one that the next run of the whole tenant is compared with.
constexpr const char* old_runs_sql = R"sql(
SELECT r.run_id, r.created_us,
  r.ended_us > 0 AND r.ended_us < $3::int8 AND r.state NOT IN ('queued', 'running', 'held')
  AND NOT EXISTS (SELECT FROM sluice.runs o WHERE o.tenant = r.tenant
    AND o.state IN ('queued', 'running', 'held') AND o.created_us <= r.ended_us)
  AND NOT EXISTS (SELECT FROM sluice.deferred d WHERE d.run_id = r.run_id)
  AND NOT (r.scope = '' AND EXISTS (SELECT FROM sluice.stages s WHERE s.run_id = r.run_id AND s.state = 'complete'
    AND NOT EXISTS (SELECT FROM sluice.runs o JOIN sluice.stages t ON t.run_id = o.run_id AND t.stage = s.stage
      AND t.state = 'complete' AND NOT t.suspect
      WHERE o.tenant = r.tenant AND o.pipeline = r.pipeline AND o.scope = r.scope
      AND (o.created_us, o.run_id) > (r.created_us, r.run_id))))
FROM sluice.runs r WHERE (r.created_us, r.run_id) > ($1::int8, $2::uuid) AND r.created_us < $3::int8
ORDER BY r.created_us, r.run_id LIMIT $4::int8)sql";

constexpr const char* no_uuid = "00000000-0000-0000-0000-000000000000";

// "1700000000000000/6f9619ff-…": where a walk over the runs has come to.
std::pair<std::int64_t, std::string> run_position(const std::string& after) {
  const std::size_t slash = after.find('/');
  if (slash == std::string::npos) return {0, no_uuid};
  return {std::stoll(after.substr(0, slash)), after.substr(slash + 1)};
}

// "users/17": a stream and an id of it.
std::pair<std::string, std::int64_t> row_position(const std::string& after) {
  const std::size_t slash = after.find('/');
  if (slash == std::string::npos) return {{}, 0};
  return {after.substr(0, slash), std::stoll(after.substr(slash + 1))};
}

}  // namespace

std::vector<engine::open_run> postgres_session::list_open_runs(const std::string& pipeline) {
  const rows r = db().query(
      std::string(
          "SELECT r.run_id, r.tenant, r.scope, l.host, l.boot_id, l.pid, l.started, l.expires_us <= ") +
          clock_us +
          " FROM sluice.runs r JOIN sluice.leases l ON l.run_id = r.run_id "
          "WHERE r.state IN ('queued', 'running') AND r.pipeline = $1::text ORDER BY r.created_us",
      {pipeline});
  std::vector<engine::open_run> out;
  for (std::size_t n = 0; n < r.size(); ++n) {
    const auto text = [&](int c) { return std::string(r.text(n, c)); };
    out.push_back({text(0),
                   text(1),
                   pipeline,
                   text(2),
                   {text(3), text(4), r.number(n, 5), r.number(n, 6)},
                   r.boolean(n, 7)});
  }
  return out;
}

std::vector<engine::due_tenant> postgres_session::list_due(const std::string& pipeline, std::int64_t until_us,
                                                           const engine::due_tenant& after, int limit) {
  const rows r = db().query(
      "SELECT x.tenant, x.last FROM (SELECT l.tenant, coalesce((SELECT r.created_us FROM sluice.runs r "
      "WHERE r.tenant = l.tenant AND r.pipeline = l.pipeline AND r.scope = '' ORDER BY r.created_us DESC "
      "LIMIT 1), 0) AS last FROM sluice.leases l WHERE l.pipeline = $1::text AND l.scope = '' AND l.run_id "
      "IS "
      "NULL) x WHERE x.last <= $2::int8 AND (x.last, x.tenant) > ($3::int8, $4::text) "
      "ORDER BY x.last, x.tenant LIMIT $5::int8",
      {pipeline, encode_int8(until_us), encode_int8(after.last_us), after.tenant, encode_int8(limit)});
  std::vector<engine::due_tenant> out;
  for (std::size_t n = 0; n < r.size(); ++n) out.push_back({std::string(r.text(n, 0)), r.number(n, 1)});
  return out;
}

retention_result postgres_session::retain(const retention_request& request) {
  load_streams();
  return atomically([&] {
    db().execute(whole_settings());
    const std::int64_t until_us = now_us() - request.age_us;
    switch (request.what) {
      case retention_request::kind::rejects: return retain_rejects(request, until_us);
      case retention_request::kind::tombstones: return retain_tombstones(request, until_us);
      case retention_request::kind::ledger:
      case retention_request::kind::runs: break;
    }
    return retain_runs(request, until_us);
  });
}

retention_result postgres_session::retain_runs(const retention_request& request, std::int64_t until_us) {
  const int window = std::min(100, request.limit);
  const auto [created, run] = run_position(request.after);
  const rows old = db().query_once(old_runs_sql, {encode_int8(created), encode_uuid_text(run),
                                                  encode_int8(until_us), encode_int8(window)});
  retention_result out;
  out.after = request.after;
  std::vector<std::string> ids;
  for (std::size_t n = 0; n < old.size(); ++n) {
    if (old.boolean(n, 2)) ids.emplace_back(old.text(n, 0));
  }
  const std::string which = encode_texts(ids);
  const auto remove = [&](const char* table, int limit) {
    const std::string name = std::string("sluice.") + table;
    const std::int64_t gone =
        ids.empty() ? 0
                    : db().query("DELETE FROM " + name + " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " + name +
                                     " WHERE run_id = ANY ($1::text[]::uuid[]) LIMIT $2::int8))",
                                 {which, encode_int8(limit)})
                          .affected();
    out.removed.emplace_back(table, gone);
    return gone;
  };
  bool whole = true;
  for (const char* table : {"items", "pages", "ledger"}) {
    if (remove(table, request.limit) == request.limit) whole = false;
  }
  out.more = !whole || static_cast<int>(old.size()) == window;
  if (!whole || old.empty()) return out;
  if (request.what == retention_request::kind::runs) {
    for (const char* table : {"held", "stages", "runs"}) remove(table, std::numeric_limits<int>::max());
  }
  out.after = std::to_string(old.number(old.size() - 1, 1)) + "/" + std::string(old.text(old.size() - 1, 0));
  return out;
}

retention_result postgres_session::retain_rejects(const retention_request& request, std::int64_t until_us) {
  const std::int64_t after = request.after.empty() ? 0 : std::stoll(request.after);
  const rows window = db().query(
      "SELECT max(x.id), count(*), coalesce(bool_or(x.at_us < $2::int8), false) FROM (SELECT id, at_us FROM "
      "sluice.rejects WHERE id > $1::int8 ORDER BY id LIMIT $3::int8) x",
      {encode_int8(after), encode_int8(until_us), encode_int8(request.limit)});
  retention_result out;
  out.after = request.after;
  out.removed.emplace_back("rejects", 0);
  if (!window.boolean(0, 2)) return out;  // ids grow with time: all that follows is younger
  out.removed[0].second =
      db().query(
              "DELETE FROM sluice.rejects j WHERE j.id > $1::int8 AND j.id <= $3::int8 AND j.at_us < "
              "$2::int8 AND NOT EXISTS (SELECT FROM sluice.runs r WHERE r.run_id = j.run_id AND r.state IN "
              "('queued', 'running', 'held'))",
              {encode_int8(after), encode_int8(until_us), encode_int8(window.number(0, 0))})
          .affected();
  out.after = std::to_string(window.number(0, 0));
  out.more = window.number(0, 1) == request.limit;
  return out;
}

retention_result postgres_session::retain_tombstones(const retention_request& request,
                                                     std::int64_t until_us) {
  const auto [name, after] = row_position(request.after);
  const auto at = streams_.lower_bound(name);
  if (at == streams_.end()) return {};
  const std::int64_t from = at->first == name ? after : 0;
  retention_result out;
  const rows first = db().query(
      "SELECT min(id) FROM " + qualified(schema_, at->first) + " WHERE id > $1::int8", {encode_int8(from)});
  if (first.is_null(0, 0)) {  // the next stream begins behind every id of this one
    out.after = at->first + "0/0";
    out.more = std::next(at) != streams_.end();
    return out;
  }
  const std::int64_t last = first.number(0, 0) + id_window - 1;
  const std::int64_t gone =
      remove_tombstones(at->second, {encode_int8(from), encode_int8(last), encode_instant(until_us),
                                     at->first, encode_int8(request.limit)});
  out.removed.emplace_back(at->first, gone);
  out.after = at->first + "/" + std::to_string(gone == request.limit ? from : last);
  out.more = true;
  return out;
}

// $1 behind this id, $2 up to this one, $3 deleted before, $4 the stream's name, $5 how many. A tombstone stays while a
// page may come that was requested before the delete, a deferred row could bring the row back, or a live row refers
// to it. The outer condition is asked again for a row that somebody has written meanwhile.
std::int64_t postgres_session::remove_tombstones(const stream_schema& s, const parameters& window) {
  const std::string table = qualified(schema_, s.name);
  std::string key = "t." + quoted(s.key.back());
  if (s.key.size() > 1) key = "t." + quoted(s.key.front()) + " || E'\\x1f' || " + key;
  std::string referred;
  for (const auto& [name, child] : streams_) {
    for (const reference& to : child.references) {
      if (to.to != s.name) continue;
      referred += " AND NOT EXISTS (SELECT FROM " + qualified(schema_, name) +
                  " c WHERE c.tenant_id = t.tenant_id AND c." + quoted(to.name + "_id") +
                  " = t.id AND c.deleted_at IS NULL)";
    }
  }
  return db()
      .query_once("DELETE FROM " + table +
                      " d WHERE d.deleted_at < $3::timestamptz AND d.id = ANY (ARRAY(SELECT t.id FROM " +
                      table +
                      " t WHERE t.id > $1::int8 AND t.id <= $2::int8 AND t.deleted_at < $3::timestamptz "
                      "AND NOT EXISTS (SELECT FROM sluice.runs o WHERE o.tenant = t.tenant_id AND o.state IN "
                      "('queued', 'running', 'held') AND o.created_us <= (extract(epoch FROM t.deleted_at) * "
                      "1000000)::int8) AND NOT EXISTS (SELECT FROM sluice.deferred w WHERE w.tenant = "
                      "t.tenant_id AND w.stream = $4::text AND w.key = " +
                      key + ")" + referred + " ORDER BY t.id LIMIT $5::int8))",
                  window)
      .affected();
}

}  // namespace sluice::store::postgres
