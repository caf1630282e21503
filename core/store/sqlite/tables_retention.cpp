// What a serving host looks for: open runs, tenants that are due, and what is old enough to go.
#include <algorithm>
#include <limits>

#include "store/sqlite/instants.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

using engine::retention_request;
using engine::retention_result;

namespace {

constexpr std::int64_t id_window = 100'000;  // ids of a stream that one call looks at

// ?1 the last one looked at, ?2 ended before, ?3 how many to look at. A run may go when it is over, no open or held
// run of its tenant began while it ran, no row waits in its name, and no stage of it is the one that the next
// run of the whole tenant is compared with.
constexpr const char* old_runs_sql =
    "SELECT r.seq, r.run_id, r.ended_us>0 AND r.ended_us<?2 AND r.state NOT IN ('queued','running','held') "
    "AND NOT EXISTS (SELECT 1 FROM sluice_runs o WHERE o.tenant=r.tenant "
    "AND o.state IN ('queued','running','held') AND o.created_us<=r.ended_us) "
    "AND NOT EXISTS (SELECT 1 FROM sluice_deferred d WHERE d.run_id=r.run_id) "
    "AND NOT (r.scope='' AND EXISTS (SELECT 1 FROM sluice_stages s WHERE s.run_id=r.run_id AND "
    "s.state='complete' AND NOT EXISTS (SELECT 1 FROM sluice_runs o JOIN sluice_stages t ON "
    "t.run_id=o.run_id AND t.stage=s.stage AND t.state='complete' AND t.suspect=0 "
    "WHERE o.tenant=r.tenant AND o.seq>r.seq AND o.pipeline=r.pipeline AND o.scope=r.scope))) "
    "FROM sluice_runs r WHERE r.seq>?1 AND r.created_us<?2 ORDER BY r.seq LIMIT ?3";

std::string key_of(const stream_schema& s) {
  if (s.key.size() == 1) return "t." + quoted_name(s.key[0]);
  return "t." + quoted_name(s.key[0]) + " || char(31) || t." + quoted_name(s.key[1]);
}

// "users/17": a stream and an id of it.
std::pair<std::string, std::int64_t> row_position(const std::string& after) {
  const std::size_t slash = after.find('/');
  if (slash == std::string::npos) return {{}, 0};
  return {after.substr(0, slash), std::stoll(after.substr(slash + 1))};
}

struct run_table {
  const char* name;
  const char* key;  // of a row within its run
};
constexpr run_table lines_of_runs[] = {
    {"items", "stage, item"}, {"pages", "stage, item, page_seq"}, {"ledger", "rowid"}};
constexpr run_table rest_of_runs[] = {{"held", "stream, key"}, {"stages", "seq"}, {"runs", "seq"}};

// Removes at most so many rows of these runs. How many.
std::int64_t remove_of(database& db, const run_table& table, const std::vector<std::string>& runs,
                       int limit) {
  const std::string name = std::string("sluice_") + table.name, key = table.key;
  statement remove = db.prepare("DELETE FROM " + name + " WHERE run_id=?1 AND (" + key + ") IN (SELECT " +
                                key + " FROM " + name + " WHERE run_id=?1 LIMIT ?2)");
  std::int64_t gone = 0;
  for (const std::string& run : runs) {
    if (gone >= limit) break;
    remove.bind(1, run);
    remove.bind(2, limit - gone);
    remove.run();
    gone += db.changes();
  }
  return gone;
}

}  // namespace

std::int64_t tables::last_created(const std::string& tenant, const std::string& pipeline,
                                  const std::string& scope) {
  auto c = db_->query(
      "SELECT created_us FROM sluice_runs WHERE tenant=? AND pipeline=? AND scope=? ORDER BY seq DESC LIMIT "
      "1",
      tenant, pipeline, scope);
  return c.next() ? c->number(0) : 0;
}

std::vector<engine::open_run> tables::open_runs(const std::string& pipeline) {
  const std::int64_t now = now_us();
  auto c = db_->query(
      "SELECT l.run_id, l.tenant, l.scope, l.host, l.boot_id, l.pid, l.started, l.expires_us "
      "FROM sluice_leases l WHERE l.pipeline=? AND l.run_id IS NOT NULL ORDER BY l.run_id",
      pipeline);
  std::vector<engine::open_run> out;
  while (c.next()) {
    out.push_back({c->string(0),
                   c->string(1),
                   pipeline,
                   c->string(2),
                   {c->string(3), c->string(4), c->number(5), c->number(6)},
                   c->number(7) <= now});
  }
  return out;
}

std::vector<engine::due_tenant> tables::due(const std::string& pipeline, std::int64_t until_us,
                                            const engine::due_tenant& after, int limit) {
  auto c = db_->query(
      "SELECT tenant, last FROM (SELECT l.tenant AS tenant, coalesce((SELECT r.created_us FROM sluice_runs r "
      "WHERE r.tenant=l.tenant AND r.pipeline=l.pipeline AND r.scope='' ORDER BY r.seq DESC LIMIT 1), 0) AS "
      "last FROM sluice_leases l WHERE l.pipeline=?1 AND l.scope='' AND l.run_id IS NULL) "
      "WHERE last<=?2 AND (last, tenant) > (?3, ?4) ORDER BY last, tenant LIMIT ?5",
      pipeline, until_us, after.last_us, after.tenant, limit);
  std::vector<engine::due_tenant> out;
  while (c.next()) out.push_back({c->string(0), c->number(1)});
  return out;
}

retention_result tables::retain(const retention_request& request, std::int64_t until_us) {
  switch (request.what) {
    case retention_request::kind::rejects: return retain_rejects(request, until_us);
    case retention_request::kind::tombstones: return retain_tombstones(request, until_us);
    case retention_request::kind::ledger:
    case retention_request::kind::runs: break;
  }
  return retain_runs(request, until_us);
}

retention_result tables::retain_runs(const retention_request& request, std::int64_t until_us) {
  const int window = std::min(100, request.limit);
  std::int64_t at = request.after.empty() ? 0 : std::stoll(request.after);
  std::vector<std::string> ids;
  int looked_at = 0;
  {
    auto c = db_->query(old_runs_sql, at, until_us, window);
    for (; c.next(); ++looked_at) {
      at = c->number(0);
      if (c->number(2) != 0) ids.push_back(c->string(1));
    }
  }
  retention_result out;
  out.after = request.after;
  bool whole = true;
  for (const run_table& table : lines_of_runs) {
    out.removed.emplace_back(table.name, remove_of(*db_, table, ids, request.limit));
    whole = whole && out.removed.back().second < request.limit;
  }
  out.more = !whole || looked_at == window;
  if (!whole || looked_at == 0) return out;
  if (request.what == retention_request::kind::runs) {
    for (const run_table& table : rest_of_runs) {
      out.removed.emplace_back(table.name, remove_of(*db_, table, ids, std::numeric_limits<int>::max()));
    }
  }
  out.after = std::to_string(at);
  return out;
}

retention_result tables::retain_rejects(const retention_request& request, std::int64_t until_us) {
  const std::int64_t after = request.after.empty() ? 0 : std::stoll(request.after);
  std::int64_t last = after, looked_at = 0, old = 0;
  {
    auto c = db_->query(
        "SELECT max(id), count(*), count(*) FILTER (WHERE at_us<?2) FROM (SELECT id, at_us FROM "
        "sluice_rejects "
        "WHERE id>?1 ORDER BY id LIMIT ?3)",
        after, until_us, request.limit);
    if (c.next()) last = c->number(0), looked_at = c->number(1), old = c->number(2);
  }
  retention_result out;
  out.after = request.after;
  out.removed.emplace_back("rejects", 0);
  if (old == 0) return out;  // ids grow with time: all that follows is younger
  db_->run(
      "DELETE FROM sluice_rejects WHERE id>?1 AND id<=?3 AND at_us<?2 AND NOT EXISTS (SELECT 1 FROM "
      "sluice_runs r "
      "WHERE r.run_id=sluice_rejects.run_id AND r.state IN ('queued','running','held'))",
      after, until_us, last);
  out.removed[0].second = db_->changes();
  out.after = std::to_string(last);
  out.more = looked_at == request.limit;
  return out;
}

retention_result tables::retain_tombstones(const retention_request& request, std::int64_t until_us) {
  const auto [name, after] = row_position(request.after);
  const std::vector<std::string> names = stream_names();
  const auto at = std::lower_bound(names.begin(), names.end(), name);
  if (at == names.end()) return {};
  const std::int64_t from = *at == name ? after : 0;
  retention_result out;
  statement first = db_->prepare("SELECT min(id) FROM " + quoted_name(*at) + " WHERE id>?1");
  first.bind(1, from);
  if (!first.step() || first.is_null(0)) {  // the next stream begins behind every id of this one
    out.after = *at + "0/0";
    out.more = std::next(at) != names.end();
    return out;
  }
  const std::int64_t last = first.number(0) + id_window - 1;
  first.reset();
  const auto gone = removable_tombstones(find_stream(*at)->schema(), from, last, until_us, request.limit);
  statement remove = db_->prepare("DELETE FROM " + quoted_name(*at) + " WHERE id=?1");
  for (const std::int64_t id : gone) {
    remove.bind(1, id);
    remove.run();
  }
  out.removed.emplace_back(*at, static_cast<std::int64_t>(gone.size()));
  out.after = *at + "/" + std::to_string(static_cast<int>(gone.size()) == request.limit ? from : last);
  out.more = true;
  return out;
}

// A tombstone stays while a page may come that was requested before the delete, a deferred row could bring the row
// back, or a live row refers to it.
std::vector<std::int64_t> tables::removable_tombstones(const stream_schema& schema, std::int64_t after,
                                                       std::int64_t last, std::int64_t until_us, int limit) {
  std::string referred;
  for (const std::string& child : stream_names()) {
    for (const reference& to : find_stream(child)->schema().references) {
      if (to.to != schema.name) continue;
      referred += " AND NOT EXISTS (SELECT 1 FROM " + quoted_name(child) +
                  " c WHERE c.tenant_id=t.tenant_id AND c." + quoted_name(to.name + "_id") +
                  "=t.id AND c.deleted_at IS NULL)";
    }
  }
  statement old = db_->prepare(
      "SELECT t.id, t.deleted_at, (SELECT min(o.created_us) FROM sluice_runs o WHERE o.tenant=t.tenant_id "
      "AND "
      "o.state IN ('queued','running','held')) FROM " +
      quoted_name(schema.name) +
      " t WHERE t.id>?1 AND t.id<=?2 AND t.deleted_at<?3 AND NOT EXISTS (SELECT 1 FROM sluice_deferred w "
      "WHERE "
      "w.tenant=t.tenant_id AND w.stream=?4 AND w.key=" +
      key_of(schema) + ")" + referred + " ORDER BY t.id");
  old.bind(1, after);
  old.bind(2, last);
  old.bind(3, std::string_view(instant_text(until_us).value_or("")), true);
  old.bind(4, schema.name, true);
  std::vector<std::int64_t> out;
  while (static_cast<int>(out.size()) < limit && old.step()) {
    if (old.is_null(2) || instant_us(old.text(1)) < old.number(2)) out.push_back(old.number(0));
  }
  return out;
}

}  // namespace sluice::store::sqlite
