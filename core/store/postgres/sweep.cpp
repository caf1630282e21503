// Deletes that no record asks for: what vanished upstream, and what hangs on it; and tenants that leave.
#include "engine/failpoint.hpp"
#include "store/postgres/deletion.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"
#include "store/postgres/setup.hpp"
#include "store/postgres/waiting_sql.hpp"

namespace sluice::store::postgres {

using engine::sweep_result;

namespace {

// What pages of tenant $1 have brought of stream $2 since $3.
constexpr const char* seen_sql =
    "WITH seen AS MATERIALIZED (SELECT DISTINCT u.k FROM sluice.runs r JOIN sluice.pages p ON p.run_id = "
    "r.run_id "
    "AND p.at_us >= $3::int8 JOIN sluice.ledger l ON l.run_id = p.run_id AND l.stage = p.stage AND l.item = "
    "p.item "
    "AND l.page_seq = p.page_seq AND l.stream = $2::text CROSS JOIN LATERAL unnest(l.keys) AS u(k) "
    "WHERE r.tenant = $1::text AND (r.ended_us = 0 OR r.ended_us >= $3::int8)) ";

// Live rows of origin $4 that are not among them.
std::string unseen_sql(const std::string& table, const std::string& key) {
  return seen_sql + ("SELECT t.id, " + key) + " FROM " + table +
         " t WHERE t.tenant_id = $1::text AND t.origin = $4::int8 AND t.deleted_at IS NULL "
         "AND NOT EXISTS (SELECT FROM seen WHERE seen.k = " +
         key + ")";
}

const stream_schema& declared(const std::map<std::string, stream_schema>& streams, const std::string& name) {
  const auto found = streams.find(name);
  if (found != streams.end()) return found->second;
  throw internal(code::unknown_stream, "no plugin has declared stream `" + name + "`");
}

}  // namespace

std::string key_of(const stream_schema& s) {
  const std::string last = "t." + quoted(s.key.back());
  return s.key.size() == 1 ? last : "t." + quoted(s.key.front()) + " || E'\\x1f' || " + last;
}

std::set<std::string> texts_of(const rows& r) {
  std::set<std::string> out;
  for (std::size_t n = 0; n < r.size(); ++n) out.emplace(r.text(n, 0));
  return out;
}

void postgres_session::drop(found_rows& of, const std::set<std::string>& keys) {
  found_rows left;
  for (std::size_t i = 0; i < of.keys.size(); ++i) {
    if (keys.contains(of.keys[i])) continue;
    left.ids.push_back(of.ids[i]);
    left.keys.push_back(std::move(of.keys[i]));
  }
  of = std::move(left);
}

// What a commit has looked up and not written yet can't be seen: one statement later it would be too late. So
// those that delete for what they don't see wait for the commits that are under way, and those for them.
void postgres_session::lock_stream(const std::string& tenant, const std::string& stream) {
  db().query("SELECT pg_advisory_xact_lock(hashtextextended($1::text || E'\\x1f' || $2::text, 0))",
             {tenant, stream});
}

void postgres_session::share_streams(const std::string& tenant, const std::set<std::string>& streams) {
  array_builder names(oid::text);
  for (const std::string& s : streams) names.text(s);
  db().query(
      "SELECT count(pg_advisory_xact_lock_shared(hashtextextended($1::text || E'\\x1f' || x.name, 0))) FROM "
      "unnest($2::text[]) AS x(name)",
      {tenant, names.finish()});
}

postgres_session::found_rows postgres_session::rows_that(const std::string& sql, const parameters& values) {
  const rows r = db().query_once(sql, values);
  found_rows out;
  for (std::size_t n = 0; n < r.size(); ++n) {
    out.ids.push_back(r.number(n, 0));
    out.keys.emplace_back(r.text(n, 1));
  }
  return out;
}

std::int64_t postgres_session::live_rows(const std::string& tenant, const std::string& stream,
                                         std::int64_t origin) {
  return db()
      .query_once(
          "SELECT count(*) FROM " + qualified(schema_, stream) +
              " WHERE tenant_id = $1::text AND ($2::int8 = 0 OR origin = $2::int8) AND deleted_at IS NULL",
          {tenant, encode_int8(origin)})
      .number(0, 0);
}

void postgres_session::hold(const std::string& run, const std::string& stream,
                            const std::vector<std::string>& keys, held_as why) {
  db().query(
      "INSERT INTO sluice.held AS h (run_id, stream, key, orphan) SELECT $1::uuid, $2::text, k, $4::boolean "
      "FROM unnest($3::text[]) AS x(k) ON CONFLICT (run_id, stream, key) DO UPDATE SET orphan = h.orphan AND "
      "excluded.orphan",
      {run, stream, encode_texts(keys), encode_bool(why == held_as::orphan)});
}

std::int64_t postgres_session::remove(const deletion& d, const std::string& stream, const found_rows& which) {
  if (which.ids.empty()) return 0;
  array_builder ids(oid::int8);
  for (const std::int64_t id : which.ids) ids.int8(id);
  const std::string now = encode_instant(now_us());
  const std::int64_t gone =
      db().query_once(
              "UPDATE " + qualified(schema_, stream) +
                  " SET deleted_at = $3::timestamptz, synced_at = $3::timestamptz, run_id = $4::uuid, "
                  "read_at = $5::timestamptz WHERE tenant_id = $1::text AND id = ANY ($2::int8[]) "
                  "AND deleted_at IS NULL",
              {d.tenant, ids.finish(), now, d.run, encode_instant(d.as_of_us)})
          .affected();
  const std::string keys = encode_texts(which.keys);
  db().query(drop_links, {d.tenant, stream, keys});
  db().query(
      "INSERT INTO sluice.ledger (run_id, stage, item, page_seq, stream, ordinal, rows, inserted, updated, "
      "unchanged, deleted, deferred, rejected, duplicate, stale, skipped, swept, keys) SELECT $1::uuid, "
      "$2::text, "
      "$3::text, (SELECT coalesce(max(page_seq) + 1, 0) FROM sluice.ledger WHERE run_id = $1::uuid AND item "
      "= "
      "$3::text), $4::text, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $5::int8, $6::text[]",
      {d.run, d.stage, d.item, stream, encode_int8(gone), keys});
  return gone;
}

void postgres_session::drop_seen(found_rows& of, const std::string& tenant, const std::string& stream,
                                 std::int64_t since_us, std::int64_t requested_us) {
  const rows r = db().query_once(
      "SELECT DISTINCT u.k FROM sluice.runs r JOIN sluice.pages p ON p.run_id = r.run_id AND p.at_us >= "
      "$3::int8 "
      "AND p.requested_us >= $4::int8 JOIN sluice.ledger l ON l.run_id = p.run_id AND l.stage = p.stage AND "
      "l.item = p.item AND l.page_seq = p.page_seq AND l.stream = $2::text CROSS JOIN LATERAL unnest(l.keys) "
      "AS u(k) WHERE r.tenant = $1::text AND (r.ended_us = 0 OR r.ended_us >= $3::int8) "
      "AND u.k = ANY ($5::text[])",
      {tenant, stream, encode_int8(since_us), encode_int8(requested_us), encode_texts(of.keys)});
  drop(of, texts_of(r));
}

std::string postgres_session::why_not_proven(const std::string& run, const std::vector<std::string>& stages) {
  std::string why = why_no_sweep(read_stages(run), stages);
  if (!why.empty()) return why;
  const rows r = db().query(
      "SELECT created_us, (SELECT min(at_us) FROM sluice.pages p WHERE p.run_id = r.run_id) FROM sluice.runs "
      "r WHERE run_id = $1::uuid",
      {run});
  std::optional<std::int64_t> earliest;
  if (!r.is_null(0, 1)) earliest = r.number(0, 1);
  return went_back(r.number(0, 0), earliest, now_us()) ? clock_went_back : "";
}

sweep_result postgres_session::sweep(const engine::sweep_request& r) {
  load_streams();
  return atomically([&] {
    hold_lease(r.run_id, r.run_epoch);
    db().execute(whole_settings());
    const std::string run = encode_uuid_text(r.run_id);
    const stream_schema& stream = declared(streams_, r.stream);
    const rows of =
        db().query("SELECT tenant, pipeline, created_us FROM sluice.runs WHERE run_id = $1::uuid", {run});
    const std::string tenant(of.text(0, 0));
    if (!r.partitions.empty()) {
      return sweep_partitions(r, {run, tenant, std::string(of.text(0, 1)), of.number(0, 2)}, stream);
    }
    sweep_result out;
    out.reason = why_not_proven(run, r.stages);
    if (!out.reason.empty()) {
      out.result = sweep_result::how::unproven;
      return out;
    }
    const std::int64_t origin = origin_of(std::string(of.text(0, 1)), r.entry);
    found_rows unseen = rows_that(unseen_sql(qualified(schema_, r.stream), key_of(stream)),
                                  {tenant, r.stream, encode_int8(of.number(0, 2)), encode_int8(origin)});
    out.live = live_rows(tenant, r.stream, origin);
    if (!unseen.ids.empty()) {
      // A page that was under way meanwhile may have brought some of them.
      lock_stream(tenant, r.stream);
      drop_seen(unseen, tenant, r.stream, of.number(0, 2), 0);
    }
    out.gone = static_cast<std::int64_t>(unseen.ids.size());
    if (r.guard.holds(out.gone, out.live)) {
      hold(run, r.stream, unseen.keys, held_as::unseen);
      out.result = sweep_result::how::held;
    } else {
      remove({run, tenant, r.stages.front(), "sweep", of.number(0, 2)}, r.stream, unseen);
    }
    SLUICE_FAILPOINT("sweep.before_commit");
    return out;
  });
}

sweep_result postgres_session::remove_orphans(const deletion& d,
                                              const std::optional<engine::delete_guard>& guard,
                                              std::set<std::string> of) {
  sweep_result out;
  for (bool again = true; again;) {
    again = false;
    for (const auto& [name, schema] : streams_) {
      std::string orphan;
      for (const reference& to : schema.references) {
        if (!to.required || !streams_.contains(to.to) || (!of.empty() && !of.contains(to.to))) continue;
        orphan += std::string(orphan.empty() ? "" : " OR ") + "EXISTS (SELECT FROM " +
                  qualified(schema_, to.to) + " p WHERE p.tenant_id = t.tenant_id AND p.id = t." +
                  quoted(to.name + "_id") + " AND p.deleted_at IS NOT NULL)";
      }
      if (orphan.empty()) continue;
      lock_stream(d.tenant, name);
      const found_rows found =
          rows_that("SELECT t.id, " + key_of(schema) + " FROM " + qualified(schema_, name) +
                        " t WHERE t.tenant_id = $1::text AND t.deleted_at IS NULL AND (" + orphan + ")",
                    {d.tenant});
      const auto gone = static_cast<std::int64_t>(found.ids.size());
      if (gone == 0) continue;
      if (guard && guard->holds(gone, live_rows(d.tenant, name, 0))) {
        hold(d.run, name, found.keys, held_as::orphan);
        out.result = sweep_result::how::held;
        continue;
      }
      out.gone += remove(d, name, found);
      if (!of.empty()) of.insert(name);
      again = true;
    }
  }
  return out;
}

// What run $1, whose lease has epoch $2, may have to delete: whose run it is, whether it has deleted anything itself,
// and what earlier ones have left.
const std::string may_cascade_sql = std::string(
                                        "SELECT tenant, scope <> '', EXISTS (SELECT FROM sluice.ledger l "
                                        "WHERE l.run_id = r.run_id AND (deleted > 0 "
                                        "OR swept > 0)), ") +
                                    left_orphans +
                                    " FROM sluice.runs r WHERE run_id = $1::uuid AND EXISTS (SELECT FROM "
                                    "sluice.leases x WHERE x.run_id = r.run_id "
                                    "AND x.epoch = $2::int8)";

sweep_result postgres_session::cascade(const std::string& run_id, std::int64_t run_epoch,
                                       const std::string& stage, const engine::delete_guard& guard) {
  const std::string run = encode_uuid_text(run_id);
  const rows of = db().query(may_cascade_sql, {run, encode_int8(run_epoch)});
  if (of.empty()) throw no_lease(run_id);
  // Somebody waits for a run of one subject: it looks at what may hang on its own deletes alone.
  const bool of_subject = of.boolean(0, 1);
  if (!of.boolean(0, 2) && (of_subject || !of.boolean(0, 3))) return {};
  load_streams();
  return atomically([&]() -> sweep_result {
    hold_lease(run_id, run_epoch);
    std::set<std::string> streams;
    if (of_subject) {
      streams = texts_of(db().query(
          "SELECT DISTINCT stream FROM sluice.ledger WHERE run_id = $1::uuid AND (deleted > 0 OR swept > 0)",
          {run}));
    }
    db().execute(whole_settings());
    sweep_result out =
        remove_orphans({run, std::string(of.text(0, 0)), stage, "cascade", now_us()}, guard, streams);
    SLUICE_FAILPOINT("cascade.before_commit");
    return out;
  });
}

// An orphan goes with its parent, by the cascade behind this, or not at all: the parent may have come back.
void postgres_session::remove_held(const deletion& d) {
  for (const auto& [name, schema] : streams_) {
    lock_stream(d.tenant, name);
    const std::string key = key_of(schema);
    const found_rows still = rows_that(
        seen_sql + ("SELECT t.id, " + key) + " FROM " + qualified(schema_, name) +
            " t WHERE t.tenant_id = $1::text AND t.deleted_at IS NULL AND " + key +
            " IN (SELECT h.key FROM sluice.held h WHERE h.run_id = $4::uuid AND h.stream = $2::text AND NOT "
            "h.orphan) "
            "AND NOT EXISTS (SELECT FROM seen WHERE seen.k = " +
            key + ")",
        {d.tenant, name, encode_int8(d.as_of_us), d.run});
    remove(d, name, still);
  }
}

engine::run_state postgres_session::approve(const std::string& run_id) {
  load_streams();
  if (!is_uuid(run_id)) throw invalid(code::unknown_run, "run " + run_id + " is not in this store");
  const std::string run = encode_uuid_text(run_id);
  return atomically([&] {
    const rows of = db().query(
        "SELECT tenant, state, ended_us, coalesce((SELECT min(stage) FROM sluice.stages s WHERE s.run_id = "
        "r.run_id), '') FROM sluice.runs r WHERE run_id = $1::uuid FOR UPDATE",
        {run});
    if (of.empty()) throw invalid(code::unknown_run, "run " + run_id + " is not in this store");
    if (of.text(0, 1) != "held") {
      throw invalid(code::not_held,
                    "run " + run_id + " holds no deletes: it is " + std::string(of.text(0, 1)));
    }
    if (now_us() < of.number(0, 2)) throw invalid(code::clock_back, too_early(run_id));
    db().execute(whole_settings());
    const deletion d{run, std::string(of.text(0, 0)), std::string(of.text(0, 3)), "approve", of.number(0, 2)};
    remove_held(d);
    static_cast<void>(remove_orphans(d, std::nullopt));
    db().query("DELETE FROM sluice.held WHERE run_id = $1::uuid", {run});
    const verdict v = judge(read_account(run));
    db().query(
        "UPDATE sluice.runs SET state = $2::text, error_code = $3::text, error = $4::text WHERE run_id = "
        "$1::uuid",
        {run, std::string(to_string(v.state)), v.error_code, v.error});
    return v.state;
  });
}

std::vector<engine::tenant_row> postgres_session::list_tenants() {
  const rows r = db().query("SELECT tenant, first_seen_us, seen_us FROM sluice.tenants ORDER BY tenant");
  std::vector<engine::tenant_row> out;
  for (std::size_t n = 0; n < r.size(); ++n) {
    out.push_back({std::string(r.text(n, 0)), r.number(n, 1), r.number(n, 2)});
  }
  return out;
}

std::vector<std::pair<std::string, std::int64_t>> postgres_session::erase_tenant(const std::string& tenant) {
  load_streams();
  return atomically([&] {
    db().execute(whole_settings());
    const rows open = db().query(
        "SELECT FROM sluice.leases WHERE tenant = $1::text AND run_id IS NOT NULL FOR UPDATE", {tenant});
    if (!open.empty()) {
      throw invalid(code::tenant_busy,
                    "a run of tenant `" + tenant + "` is open; cancel it first, or wait for its end");
    }
    std::vector<std::pair<std::string, std::int64_t>> out;
    const auto erase = [&](const std::string& table, const std::string& where) {
      const rows gone = db().query_once("DELETE FROM " + table + " WHERE " + where, {tenant});
      out.emplace_back(table, gone.affected());
    };
    for (const auto& [name, schema] : streams_) erase(qualified(schema_, name), "tenant_id = $1::text");
    for (const char* table : {"items", "pages", "ledger", "stages", "held"}) {
      erase(std::string("sluice.") + table,
            "run_id IN (SELECT run_id FROM sluice.runs WHERE tenant = $1::text)");
    }
    for (const char* table :
         {"rejects", "deferred", "pending_links", "watermarks", "leases", "runs", "tenants"}) {
      erase(std::string("sluice.") + table, "tenant = $1::text");
    }
    return out;
  });
}

}  // namespace sluice::store::postgres
