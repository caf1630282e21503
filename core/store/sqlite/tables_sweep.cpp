// Watermarks, what was not seen, what is held; and a tenant that leaves.
#include "store/errors.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

namespace {

// Of a statement whose text is made for a stream.
template <class... Args>
statement bound(database& db, const std::string& sql, const Args&... args) {
  statement out = db.prepare(sql);
  int at = 0;
  (out.bind(++at, args), ...);
  return out;
}

std::vector<std::string> first_column(statement s) {
  std::vector<std::string> out;
  while (s.step()) out.push_back(s.string(0));
  return out;
}

}  // namespace

std::optional<std::int64_t> tables::earliest(const std::string& run_id) {
  auto c = db_->query("SELECT min(at_us) FROM sluice_pages WHERE run_id=?", run_id);
  if (!c.next() || c->is_null(0)) return std::nullopt;
  return c->number(0);
}

std::string key_sql(const stream_schema& s) {
  if (s.key.size() == 1) return "t." + quoted_name(s.key[0]);
  return "t." + quoted_name(s.key[0]) + " || char(31) || t." + quoted_name(s.key[1]);
}

std::optional<std::int64_t> tables::greatest(const std::string& run_id, const std::string& stage) {
  auto c = db_->query("SELECT max(high_us) FROM sluice_pages WHERE run_id=? AND stage=?", run_id, stage);
  if (!c.next() || c->is_null(0)) return std::nullopt;
  return c->number(0);
}

std::optional<std::int64_t> tables::first_beside(const engine::run_row& run, std::int64_t us) {
  auto c = db_->query(
      "SELECT min(created_us) FROM ("
      "SELECT created_us, tenant, run_id FROM sluice_runs WHERE state IN ('queued','running') UNION ALL "
      "SELECT created_us, tenant, run_id FROM sluice_runs WHERE ended_us>0 AND ended_us>=?) "
      "WHERE tenant=? AND run_id<>?",
      us, run.tenant, run.run_id);
  if (!c.next() || c->is_null(0)) return std::nullopt;
  return c->number(0);
}

std::int64_t tables::records_before(const engine::run_row& run, const std::string& stage) {
  auto c = db_->query(
      "SELECT coalesce(sum(p.records), 0) FROM sluice_pages p WHERE p.stage=?1 AND p.run_id="
      "(SELECT r.run_id FROM sluice_runs r JOIN sluice_stages s ON s.run_id=r.run_id AND s.stage=?1 "
      "AND s.state='complete' WHERE r.tenant=?2 AND r.pipeline=?3 AND r.scope=?4 AND r.run_id<>?5 "
      "ORDER BY r.seq DESC LIMIT 1)",
      stage, run.tenant, run.pipeline, run.scope, run.run_id);
  return c.next() ? c->number(0) : 0;
}

std::vector<engine::watermark_row> tables::watermarks(const std::string& tenant,
                                                      const std::string& pipeline) {
  std::vector<engine::watermark_row> out;
  auto c = db_->query(
      "SELECT stage, mapping, value_us, full_us FROM sluice_watermarks WHERE tenant=? AND pipeline=?", tenant,
      pipeline);
  while (c.next()) out.push_back({c->string(0), c->string(1), c->number(2), c->number(3)});
  return out;
}

void tables::put_watermark(const engine::run_row& run, const engine::watermark_row& w, std::int64_t now) {
  db_->run(
      "INSERT OR REPLACE INTO sluice_watermarks (tenant, pipeline, stage, value_us, full_us, mapping, "
      "run_id, "
      "at_us) VALUES (?,?,?,?,?,?,?,?)",
      run.tenant, run.pipeline, w.stage, w.value_us, w.full_us, w.mapping, run.run_id, now);
}

std::vector<engine::freshness_row> tables::freshness(const std::string& tenant, const std::string& pipeline,
                                                     const std::string& scope) {
  std::vector<engine::freshness_row> out;
  // The other columns of a row with max() are those of that row.
  auto c = db_->query(
      "SELECT s.stage, r.manifest_hash, max(s.started_us) FROM sluice_runs r JOIN sluice_stages s "
      "ON s.run_id=r.run_id WHERE r.tenant=? AND r.pipeline=? AND r.scope=? AND s.state='complete' "
      "AND s.suspect=0 GROUP BY s.stage",
      tenant, pipeline, scope);
  while (c.next()) out.push_back({c->string(0), c->string(1), c->number(2)});
  return out;
}

std::vector<std::string> tables::unseen(const std::string& tenant, const std::string& stream,
                                        std::int64_t origin, std::int64_t since_us) {
  const std::string key = key_sql(find_stream(stream)->schema());
  const std::string sql =
      "SELECT " + key + " FROM " + quoted_name(stream) +
      " t WHERE t.tenant_id=?1 AND (?3=0 OR t.origin=?3) AND t.deleted_at IS NULL AND " + key +
      " NOT IN (SELECT j.value FROM sluice_runs r JOIN sluice_pages p ON p.run_id=r.run_id AND p.at_us>=?4 "
      "JOIN sluice_ledger l ON l.run_id=p.run_id AND l.stage=p.stage AND l.item=p.item AND "
      "l.page_seq=p.page_seq AND l.stream=?2, json_each(l.keys) j "
      "WHERE r.tenant=?1 AND (r.ended_us=0 OR r.ended_us>=?4))";
  return first_column(bound(*db_, sql, tenant, stream, origin, since_us));
}

std::int64_t tables::count_live(const std::string& tenant, const std::string& stream, std::int64_t origin) {
  const std::string sql = "SELECT count(*) FROM " + quoted_name(stream) +
                          " WHERE tenant_id=?1 AND (?2=0 OR origin=?2) AND deleted_at IS NULL";
  statement s = bound(*db_, sql, tenant, origin);
  return s.step() ? s.number(0) : 0;
}

std::vector<std::string> tables::orphans(const std::string& tenant, const std::string& stream,
                                         std::size_t reference) {
  const stream_schema& schema = find_stream(stream)->schema();
  const auto& to = schema.references.at(reference);
  if (find_stream(to.to) == nullptr) return {};  // its plugin has never been loaded: no row refers to it
  const std::string sql = "SELECT " + key_sql(schema) + " FROM " + quoted_name(stream) + " t JOIN " +
                          quoted_name(to.to) + " p ON p.id=t." + quoted_name(to.name + "_id") +
                          " WHERE t.tenant_id=? AND t.deleted_at IS NULL AND p.deleted_at IS NOT NULL";
  return first_column(bound(*db_, sql, tenant));
}

std::vector<std::string> tables::stream_names() {
  return first_column(bound(*db_, "SELECT name FROM sluice_streams ORDER BY name"));
}

std::vector<std::string> tables::streams_with_deletes(const std::string& run_id) {
  std::vector<std::string> out;
  auto c = db_->query(
      "SELECT DISTINCT stream FROM sluice_ledger WHERE run_id=? AND (deleted > 0 OR swept > 0)", run_id);
  while (c.next()) out.push_back(c->string(0));
  return out;
}

void tables::hold(const std::string& run_id, const std::string& stream, const std::vector<std::string>& keys,
                  held_as why) {
  for (const std::string& key : keys) {
    db_->run(
        "INSERT INTO sluice_held (run_id, stream, key, orphan) VALUES (?,?,?,?) "
        "ON CONFLICT DO UPDATE SET orphan=min(orphan, excluded.orphan)",
        run_id, stream, key, why == held_as::orphan ? 1 : 0);
  }
}

std::vector<embedded::held_row> tables::held(const std::string& run_id) {
  std::vector<embedded::held_row> out;
  auto c = db_->query("SELECT stream, key, orphan FROM sluice_held WHERE run_id=?", run_id);
  while (c.next()) {
    const bool orphan = c->number(2) != 0;
    out.push_back({c->string(0), c->string(1), orphan ? held_as::orphan : held_as::unseen});
  }
  return out;
}

void tables::erase_held(const std::string& run_id) {
  db_->run("DELETE FROM sluice_held WHERE run_id=?", run_id);
}

std::vector<engine::tenant_row> tables::tenants() {
  std::vector<engine::tenant_row> out;
  auto c = db_->query("SELECT tenant, first_seen_us, seen_us FROM sluice_tenants ORDER BY tenant");
  while (c.next()) out.push_back({c->string(0), c->number(1), c->number(2)});
  return out;
}

bool tables::has_open_run(const std::string& tenant) {
  return db_->query("SELECT 1 FROM sluice_leases WHERE tenant=? AND run_id IS NOT NULL LIMIT 1", tenant)
      .next();
}

std::vector<std::pair<std::string, std::int64_t>> tables::erase_tenant(const std::string& tenant) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  const auto erase = [&](const std::string& table, const std::string& where) {
    bound(*db_, "DELETE FROM " + quoted_name(table) + " WHERE " + where, tenant).run();
    out.emplace_back(table, db_->changes());
  };
  for (const std::string& name : stream_names()) erase(name, "tenant_id=?");
  for (const char* table : {"items", "pages", "ledger", "stages", "held"}) {
    erase(std::string("sluice_") + table, "run_id IN (SELECT run_id FROM sluice_runs WHERE tenant=?)");
  }
  for (const char* table :
       {"rejects", "deferred", "pending_links", "watermarks", "leases", "runs", "tenants"}) {
    erase(std::string("sluice_") + table, "tenant=?");
  }
  return out;
}

}  // namespace sluice::store::sqlite
