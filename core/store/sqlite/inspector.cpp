#include "store/sqlite/inspector.hpp"

#include <nlohmann/json.hpp>

#include "store/audit.hpp"
#include "store/errors.hpp"
#include "store/schema.hpp"

namespace sluice::store::sqlite {

tables::~tables() = default;

engine::inspector& tables::inspect() {
  if (!inspector_) inspector_ = std::make_unique<inspector>(*db_, *this);
  return *inspector_;
}

std::vector<stream_schema> inspector::streams() {
  std::vector<stream_schema> out;
  auto c = db_.query("SELECT declaration FROM sluice_streams ORDER BY name");
  while (c.next()) out.push_back(stream_from_json(c->text(0)));
  return out;
}

stream_schema inspector::schema_of(const std::string& stream) {
  auto c = db_.query("SELECT declaration FROM sluice_streams WHERE name=?", stream);
  if (!c.next()) throw invalid(code::unknown_stream, "no plugin has declared stream `" + stream + "`");
  return stream_from_json(c->text(0));
}

std::vector<bool> inspector::live(const std::string& tenant, const std::string& stream,
                                  const std::vector<std::string>& keys) {
  std::vector<bool> out;
  embedded::stream_table* table = tables_.find_stream(stream);
  for (const std::string& key : keys) {
    const auto row = table == nullptr ? std::nullopt : table->find(tenant, key);
    out.push_back(row && !row->deleted);
  }
  return out;
}

engine::held_values inspector::count_held(const std::string& tenant, const std::string& stream,
                                          const std::vector<std::string>& columns,
                                          const std::vector<std::string>& keys) {
  const stream_schema schema = schema_of(stream);
  const bool two = schema.key.size() == 2;
  std::string sql = "SELECT 1";
  for (const std::string& c : columns) sql += ", " + quoted_name(c) + " IS NOT NULL";
  sql += " FROM " + quoted_name(stream) + " WHERE tenant_id=? AND deleted_at IS NULL";
  for (const std::string& k : schema.key) sql += " AND " + quoted_name(k) + "=?";
  statement find = db_.prepare(sql);
  engine::held_values out{0, std::vector<std::int64_t>(columns.size(), 0)};
  for (const std::string& key : keys) {
    const cursor guard(find);
    const key_parts parts = split_key(key, two);
    find.bind(1, std::string_view(tenant));
    if (two) find.bind(2, parts.kind);
    find.bind(two ? 3 : 2, parts.id);
    if (!find.step()) continue;
    ++out.rows;
    for (std::size_t i = 0; i < columns.size(); ++i) out.held[i] += find.number(static_cast<int>(i) + 1);
  }
  return out;
}

std::vector<std::int64_t> inspector::last_brought(const std::string& tenant, const std::string& stream,
                                                  const std::vector<std::string>& keys) {
  std::vector<std::int64_t> out;
  for (const std::string& key : keys) {
    // The search through the text spares the parsing of all lines but those that may hold the key.
    const std::string quoted =
        nlohmann::json(key).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    auto c = db_.query(
        "SELECT max(p.requested_us) FROM sluice_runs r JOIN sluice_ledger l ON l.run_id=r.run_id "
        "AND l.stream=?2 JOIN sluice_pages p ON p.run_id=l.run_id AND p.stage=l.stage AND p.item=l.item "
        "AND p.page_seq=l.page_seq WHERE r.tenant=?1 AND instr(l.keys, ?3) > 0 "
        "AND EXISTS (SELECT 1 FROM json_each(l.keys) k WHERE k.value=?4)",
        tenant, stream, quoted, key);
    out.push_back(c.next() ? c->number(0) : 0);
  }
  return out;
}

std::vector<engine::waiting_row> inspector::deferred(const std::string& tenant, const std::string& stream,
                                                     const std::string& key, int limit) {
  std::vector<engine::waiting_row> out;
  auto c = db_.query(
      "SELECT d.stream, d.key, d.reference, d.parent_stream, d.parent_key, d.payload, o.pipeline, o.entry, "
      "d.requested_us, d.expires_us, d.version FROM sluice_deferred d LEFT JOIN sluice_origins o ON "
      "o.id=d.origin "
      "WHERE d.tenant=?1 AND (d.stream, d.key) > (?2, ?3) ORDER BY d.stream, d.key LIMIT ?4",
      tenant, stream, key, limit);
  while (c.next()) {
    engine::waiting_row& w = out.emplace_back();
    std::string* const texts[] = {&w.stream,     &w.key,     &w.reference, &w.parent_stream,
                                  &w.parent_key, &w.payload, &w.pipeline,  &w.entry};
    for (int i = 0; i < 8; ++i) *texts[i] = c->string(i);
    w.requested_us = c->number(8);
    w.expires_us = c->number(9);
    if (!c->is_null(10)) w.version = c->number(10);
  }
  return out;
}

std::vector<engine::audit_finding> inspector::audit(const std::string& run_id) {
  const auto run = tables_.find_run(run_id);
  const bool traces = db_.query(
                             "SELECT 1 FROM sluice_items WHERE run_id=?1 UNION ALL "
                             "SELECT 1 FROM sluice_pages WHERE run_id=?1 LIMIT 1",
                             run_id)
                          .next();
  if (!run || !traces) return {};
  std::vector<engine::audit_finding> out;
  for (const std::string& sql : audit_queries("sluice_", "?1")) {
    statement s = db_.prepare(sql);
    s.bind(1, std::string_view(run_id));
    while (s.step()) out.push_back({s.string(0), s.string(1), s.string(2)});
  }
  for (auto& f : audit_state(run->row, tables_.accounts(run_id), tables_.count_open_items(run_id))) {
    out.push_back(std::move(f));
  }
  return out;
}

std::vector<engine::kept_reject> inspector::rejects(const engine::reject_query& q) {
  std::vector<engine::kept_reject> out;
  auto c = db_.query(
      "SELECT j.id, j.ordinal, j.page_seq, j.run_id, j.stage, j.item, j.stream, j.key, j.field, j.reason, "
      "j.raw, "
      "coalesce(p.requested_us, 0), coalesce(i.vars, '{}') FROM sluice_rejects j JOIN sluice_runs r "
      "ON r.run_id=j.run_id LEFT JOIN sluice_pages p ON p.run_id=j.run_id AND p.stage=j.stage AND "
      "p.item=j.item "
      "AND p.page_seq=j.page_seq LEFT JOIN sluice_items i ON i.run_id=j.run_id AND i.stage=j.stage AND "
      "i.item=j.item WHERE j.tenant=?1 AND r.pipeline=?2 AND (?3='' OR j.run_id=?3) AND j.run_id<>?4 AND "
      "j.stage=?5 "
      "AND j.id>?6 ORDER BY j.id LIMIT ?7",
      q.tenant, q.pipeline, q.run_id, q.not_run, q.stage, q.after_id, q.limit);
  while (c.next()) {
    engine::kept_reject& k = out.emplace_back();
    k.id = c->number(0);
    k.ordinal = c->number(1);
    k.page_seq = c->number(2);
    std::string* const texts[] = {&k.run_id, &k.stage, &k.item, &k.stream, &k.key, &k.field, &k.reason};
    for (int i = 0; i < 7; ++i) *texts[i] = c->string(3 + i);
    const blob raw = c->bytes(10);
    k.raw.assign(reinterpret_cast<const char*>(raw.data()), raw.size());
    k.requested_us = c->number(11);
    k.vars = c->string(12);
  }
  return out;
}

std::vector<engine::reject_count> inspector::count_rejects(const std::string& tenant,
                                                           const std::string& pipeline) {
  std::vector<engine::reject_count> out;
  auto c = db_.query(
      "SELECT j.run_id, j.stage, count(*) FROM sluice_rejects j JOIN sluice_runs r ON r.run_id=j.run_id "
      "WHERE j.tenant=? AND r.pipeline=? GROUP BY j.run_id, j.stage ORDER BY min(j.id)",
      tenant, pipeline);
  while (c.next()) out.push_back({c->string(0), c->string(1), c->number(2)});
  return out;
}

}  // namespace sluice::store::sqlite
