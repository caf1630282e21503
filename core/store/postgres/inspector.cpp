#include "store/postgres/inspector.hpp"

#include <algorithm>
#include <iterator>

#include "store/audit.hpp"
#include "store/postgres/encode.hpp"

namespace sluice::store::postgres {

engine::inspector& postgres_session::inspect() {
  if (!inspector_) inspector_ = std::make_unique<postgres_inspector>(*this);
  return *inspector_;
}

std::vector<stream_schema> postgres_inspector::streams() {
  session_.load_streams();
  std::vector<stream_schema> out;
  for (const auto& [name, schema] : session_.streams_) out.push_back(schema);
  return out;
}

const stream_schema& postgres_inspector::schema_of(const std::string& stream) {
  if (!session_.streams_.contains(stream)) session_.load_streams();
  const auto at = session_.streams_.find(stream);
  if (at == session_.streams_.end())
    throw invalid(code::unknown_stream, "no plugin has declared stream `" + stream + "`");
  return at->second;
}

namespace {

// The first parameters of a statement about rows by their keys.
parameters tenant_and_keys(const std::string& tenant, const stream_schema& schema,
                           const std::vector<std::string>& keys) {
  const bool two = schema.key.size() == 2;
  array_builder kinds(oid::text), ids(oid::text);
  for (const std::string& k : keys) {
    const key_parts parts = split_key(k, two);
    if (two) kinds.text(parts.kind);
    ids.text(parts.id);
  }
  parameters values{tenant};
  if (two) values.push_back(kinds.finish());
  values.push_back(ids.finish());
  return values;
}

}  // namespace

std::vector<bool> postgres_inspector::live(const std::string& tenant, const std::string& stream,
                                           const std::vector<std::string>& keys) {
  const stream_schema& schema = schema_of(stream);
  const parameters values = tenant_and_keys(tenant, schema, keys);
  std::vector<bool> out(keys.size(), false);
  const rows r = session_.db().query(find_rows_sql(session_.schema_, stream, schema.key), values);
  for (std::size_t n = 0; n < r.size(); ++n) {
    if (!r.is_null(n, 1)) out.at(static_cast<std::size_t>(r.number(n, 0)) - 1) = true;
  }
  return out;
}

engine::held_values postgres_inspector::count_held(const std::string& tenant, const std::string& stream,
                                                   const std::vector<std::string>& columns,
                                                   const std::vector<std::string>& keys) {
  const stream_schema& schema = schema_of(stream);
  std::vector<std::string> possible;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(possible), storable);
  const rows r = session_.db().query_once(count_held_sql(session_.schema_, stream, schema.key, columns),
                                          tenant_and_keys(tenant, schema, possible));
  engine::held_values out{r.number(0, 0), {}};
  for (std::size_t i = 0; i < columns.size(); ++i) out.held.push_back(r.number(0, static_cast<int>(i) + 1));
  return out;
}

std::vector<std::int64_t> postgres_inspector::last_brought(const std::string& tenant,
                                                           const std::string& stream,
                                                           const std::vector<std::string>& keys) {
  std::vector<std::int64_t> out(keys.size(), 0);
  const rows r = session_.db().query_once(
      "SELECT w.o, max(p.requested_us) FROM sluice.runs r JOIN sluice.ledger l ON l.run_id = r.run_id "
      "AND l.stream = $2::text JOIN sluice.pages p ON p.run_id = l.run_id AND p.stage = l.stage AND "
      "p.item = l.item AND p.page_seq = l.page_seq CROSS JOIN LATERAL unnest(l.keys) AS k(k) "
      "JOIN unnest($3::text[]) WITH ORDINALITY AS w(k, o) ON w.k = k.k WHERE r.tenant = $1::text "
      "AND l.keys && $3::text[] GROUP BY w.o",
      {tenant, stream, encode_texts(keys)});
  for (std::size_t n = 0; n < r.size(); ++n)
    out.at(static_cast<std::size_t>(r.number(n, 0)) - 1) = r.number(n, 1);
  return out;
}

std::vector<engine::waiting_row> postgres_inspector::deferred(const std::string& tenant,
                                                              const std::string& stream,
                                                              const std::string& key, int limit) {
  std::vector<engine::waiting_row> out;
  const rows r = session_.db().query_once(
      "SELECT d.stream, d.key, d.reference, d.parent_stream, d.parent_key, d.payload, o.pipeline, o.entry, "
      "d.requested_us, d.expires_us, d.version FROM sluice.deferred d LEFT JOIN sluice.origins o ON o.id = "
      "d.origin "
      "WHERE d.tenant = $1::text AND (d.stream, d.key) > ($2::text, $3::text) ORDER BY d.stream, d.key "
      "LIMIT $4::int8",
      {tenant, stream, key, encode_int8(limit)});
  for (std::size_t n = 0; n < r.size(); ++n) {
    engine::waiting_row& w = out.emplace_back();
    std::string* const texts[] = {&w.stream,     &w.key,     &w.reference, &w.parent_stream,
                                  &w.parent_key, &w.payload, &w.pipeline,  &w.entry};
    for (int i = 0; i < 8; ++i) *texts[i] = r.text(n, i);
    w.requested_us = r.number(n, 8);
    w.expires_us = r.number(n, 9);
    if (!r.is_null(n, 10)) w.version = r.number(n, 10);
  }
  return out;
}

std::vector<engine::audit_finding> postgres_inspector::audit(const std::string& run_id) {
  const std::string run = encode_uuid_text(run_id);
  const rows traces = session_.db().query(
      "SELECT 1 FROM sluice.items WHERE run_id = $1::uuid UNION ALL SELECT 1 FROM sluice.pages "
      "WHERE run_id = $1::uuid LIMIT 1",
      {run});
  const auto found = runs_in(session_.db().query(run_sql(), {run}));
  if (traces.empty() || found.empty()) return {};
  std::vector<engine::audit_finding> out;
  for (const std::string& sql : audit_queries("sluice.", "$1::uuid")) {
    const rows r = session_.db().query(sql, {run});
    for (std::size_t n = 0; n < r.size(); ++n)
      out.push_back({std::string(r.text(n, 0)), std::string(r.text(n, 1)), std::string(r.text(n, 2))});
  }
  const run_account account = session_.read_account(run);
  for (auto& f : audit_state(found[0], account.stages, account.open_items)) out.push_back(std::move(f));
  return out;
}

std::vector<engine::kept_reject> postgres_inspector::rejects(const engine::reject_query& q) {
  std::vector<engine::kept_reject> out;
  const rows r = session_.db().query_once(
      "SELECT j.id, j.ordinal, j.page_seq, j.run_id, j.stage, j.item, j.stream, j.key, j.field, j.reason, "
      "j.raw, "
      "coalesce(p.requested_us, 0), coalesce(i.vars, '{}') FROM sluice.rejects j JOIN sluice.runs r "
      "ON r.run_id = j.run_id LEFT JOIN sluice.pages p ON p.run_id = j.run_id AND p.stage = j.stage "
      "AND p.item = j.item AND p.page_seq = j.page_seq LEFT JOIN sluice.items i ON i.run_id = j.run_id "
      "AND i.stage = j.stage AND i.item = j.item WHERE j.tenant = $1::text AND r.pipeline = $2::text "
      "AND ($3::text = '' OR j.run_id = nullif($3::text, '')::uuid) "
      "AND ($4::text = '' OR j.run_id <> nullif($4::text, '')::uuid) AND j.stage = $5::text AND j.id > "
      "$6::int8 "
      "ORDER BY j.id LIMIT $7::int8",
      {q.tenant, q.pipeline, q.run_id, q.not_run, q.stage, encode_int8(q.after_id), encode_int8(q.limit)});
  for (std::size_t n = 0; n < r.size(); ++n) {
    engine::kept_reject& k = out.emplace_back();
    k.id = r.number(n, 0);
    k.ordinal = r.number(n, 1);
    k.page_seq = r.number(n, 2);
    std::string* const texts[] = {&k.run_id, &k.stage, &k.item, &k.stream, &k.key, &k.field, &k.reason};
    for (int i = 0; i < 7; ++i) *texts[i] = r.text(n, 3 + i);
    k.raw = from_hex(r.text(n, 10));
    k.requested_us = r.number(n, 11);
    k.vars = r.text(n, 12);
  }
  return out;
}

std::vector<engine::reject_count> postgres_inspector::count_rejects(const std::string& tenant,
                                                                    const std::string& pipeline) {
  std::vector<engine::reject_count> out;
  const rows r = session_.db().query(
      "SELECT j.run_id, j.stage, count(*) FROM sluice.rejects j JOIN sluice.runs r ON r.run_id = j.run_id "
      "WHERE j.tenant = $1::text AND r.pipeline = $2::text GROUP BY j.run_id, j.stage ORDER BY min(j.id)",
      {tenant, pipeline});
  for (std::size_t n = 0; n < r.size(); ++n)
    out.push_back({std::string(r.text(n, 0)), std::string(r.text(n, 1)), r.number(n, 2)});
  return out;
}

}  // namespace sluice::store::postgres
