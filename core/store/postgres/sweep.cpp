// Deletes that no record asks for: what vanished upstream, and what hangs on it; and tenants that leave.
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"
#include "store/postgres/setup.hpp"
#include "store/postgres/waiting_sql.hpp"

namespace sluice::store::postgres {

using engine::sweep_result;

// `run` as a uuid parameter. The tombstones speak of the instant `as_of_us`: what was requested later
// overwrites them.
struct postgres_session::deletion {
  std::string run, tenant, stage, item;
  std::int64_t as_of_us = 0;
};

namespace {

// A row's key as one text, as the ledger has it.
std::string key_of(const stream_schema& s) {
  const std::string last = "t." + quoted(s.key.back());
  return s.key.size() == 1 ? last : "t." + quoted(s.key.front()) + " || E'\\x1f' || " + last;
}

// What pages of tenant $1 have brought of stream $2 since $3.
constexpr const char* seen_sql =
    "WITH seen AS MATERIALIZED (SELECT DISTINCT u.k FROM sluice.runs r JOIN sluice.pages p ON p.run_id = "
    "r.run_id "
    "AND p.at_us >= $3::int8 JOIN sluice.ledger l ON l.run_id = p.run_id AND l.stage = p.stage AND l.item = "
    "p.item "
    "AND l.page_seq = p.page_seq AND l.stream = $2::text CROSS JOIN LATERAL unnest(l.keys) AS u(k) "
    "WHERE r.tenant = $1::text AND (r.ended_us = 0 OR r.ended_us >= $3::int8)) ";

}  // namespace

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
                            const std::vector<std::string>& keys) {
  db().query(
      "INSERT INTO sluice.held (run_id, stream, key) SELECT $1::uuid, $2::text, k FROM unnest($3::text[]) AS "
      "x(k) "
      "ON CONFLICT DO NOTHING",
      {run, stream, encode_texts(keys)});
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

sweep_result postgres_session::sweep(const engine::sweep_request& r) {
  load_streams();
  return atomically([&] {
    hold_lease(r.run_id, r.run_epoch);
    db().execute(whole_settings());
    const std::string run = encode_uuid_text(r.run_id);
    sweep_result out;
    out.reason = why_no_sweep(read_stages(run, ""), r.stages);
    if (!out.reason.empty()) {
      out.result = sweep_result::how::unproven;
      return out;
    }
    const auto schema = streams_.find(r.stream);
    if (schema == streams_.end()) {
      throw internal(code::unknown_stream, "no plugin has declared stream `" + r.stream + "`");
    }
    const rows of =
        db().query("SELECT tenant, pipeline, created_us FROM sluice.runs WHERE run_id = $1::uuid", {run});
    const std::string tenant(of.text(0, 0));
    const std::int64_t origin = origin_of(std::string(of.text(0, 1)), r.entry);
    const std::string key = key_of(schema->second);
    const found_rows unseen =
        rows_that(seen_sql + ("SELECT t.id, " + key) + " FROM " + qualified(schema_, r.stream) +
                      " t WHERE t.tenant_id = $1::text AND t.origin = $4::int8 AND t.deleted_at IS NULL "
                      "AND NOT EXISTS (SELECT FROM seen WHERE seen.k = " +
                      key + ")",
                  {tenant, r.stream, encode_int8(of.number(0, 2)), encode_int8(origin)});
    out.live = live_rows(tenant, r.stream, origin);
    out.gone = static_cast<std::int64_t>(unseen.ids.size());
    if (r.guard.holds(out.gone, out.live)) {
      hold(run, r.stream, unseen.keys);
      out.result = sweep_result::how::held;
    } else {
      remove({run, tenant, r.stages.front(), "sweep", of.number(0, 2)}, r.stream, unseen);
    }
    return out;
  });
}

sweep_result postgres_session::remove_orphans(const deletion& d,
                                              const std::optional<engine::delete_guard>& guard) {
  sweep_result out;
  for (bool again = true; again;) {
    again = false;
    for (const auto& [name, schema] : streams_) {
      std::string orphan;
      for (const reference& to : schema.references) {
        if (!to.required || !streams_.contains(to.to)) continue;
        orphan += std::string(orphan.empty() ? "" : " OR ") + "EXISTS (SELECT FROM " +
                  qualified(schema_, to.to) + " p WHERE p.tenant_id = t.tenant_id AND p.id = t." +
                  quoted(to.name + "_id") + " AND p.deleted_at IS NOT NULL)";
      }
      if (orphan.empty()) continue;
      const found_rows found =
          rows_that("SELECT t.id, " + key_of(schema) + " FROM " + qualified(schema_, name) +
                        " t WHERE t.tenant_id = $1::text AND t.deleted_at IS NULL AND (" + orphan + ")",
                    {d.tenant});
      const auto gone = static_cast<std::int64_t>(found.ids.size());
      if (gone == 0) continue;
      if (guard && guard->holds(gone, live_rows(d.tenant, name, 0))) {
        hold(d.run, name, found.keys);
        out.result = sweep_result::how::held;
        continue;
      }
      out.gone += remove(d, name, found);
      again = true;
    }
  }
  return out;
}

sweep_result postgres_session::cascade(const std::string& run_id, std::int64_t run_epoch,
                                       const std::string& stage, const engine::delete_guard& guard) {
  load_streams();
  return atomically([&]() -> sweep_result {
    hold_lease(run_id, run_epoch);
    const std::string run = encode_uuid_text(run_id);
    const rows of = db().query(
        "SELECT tenant, EXISTS (SELECT FROM sluice.ledger l WHERE l.run_id = r.run_id AND (l.deleted > 0 OR "
        "l.swept > 0)) FROM sluice.runs r WHERE run_id = $1::uuid",
        {run});
    if (!of.boolean(0, 1)) return {};
    db().execute(whole_settings());
    return remove_orphans({run, std::string(of.text(0, 0)), stage, "cascade", now_us()}, guard);
  });
}

void postgres_session::remove_held(const deletion& d) {
  for (const auto& [name, schema] : streams_) {
    const std::string key = key_of(schema);
    const found_rows still = rows_that(
        seen_sql + ("SELECT t.id, " + key) + " FROM " + qualified(schema_, name) +
            " t WHERE t.tenant_id = $1::text AND t.deleted_at IS NULL AND " + key +
            " IN (SELECT h.key FROM sluice.held h WHERE h.run_id = $4::uuid AND h.stream = $2::text) "
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
