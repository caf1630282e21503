// What people are shown: runs, rejects, deferred rows.
#include <algorithm>
#include <limits>

#include "store/postgres/encode.hpp"
#include "store/postgres/inspector.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

constexpr const char* run_columns =
    "SELECT run_id, tenant, pipeline, scope, correlation_id, manifest_hash, backend, route_reason, mode, "
    "plan, state, "
    "created_us, started_us, essential_us, ended_us, error_code, error, "
    "CASE WHEN state IN ('queued', 'running') THEN coalesce((SELECT max(at_us) FROM sluice.pages p WHERE "
    "p.run_id = r.run_id), 0) ELSE 0 END, "
    "coalesce((SELECT expires_us FROM sluice.leases l WHERE l.run_id = r.run_id), 0), retry_of "
    "FROM sluice.runs r WHERE ";

std::string encode_limit(int limit) {
  return encode_int8(limit > 0 ? limit : std::numeric_limits<int>::max());
}

// Empty when it is no id at all, and so names nothing.
std::string id_or_nothing(const std::string& run_id) {
  try {
    return encode_uuid_text(run_id);
  } catch (const engine::failure&) {
    return {};
  }
}

}  // namespace

const std::string& run_sql() {
  static const std::string sql = std::string(run_columns) + "run_id = $1::uuid";
  return sql;
}

std::string from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return out;
}

std::vector<engine::run_row> runs_in(const rows& r) {
  std::vector<engine::run_row> out;
  for (std::size_t n = 0; n < r.size(); ++n) {
    engine::run_row& row = out.emplace_back();
    std::string* const texts[] = {&row.run_id,         &row.tenant,        &row.pipeline, &row.scope,
                                  &row.correlation_id, &row.manifest_hash, &row.backend,  &row.route_reason,
                                  &row.mode,           &row.plan};
    for (int c = 0; c < 10; ++c) *texts[c] = r.text(n, c);
    row.state = engine::run_state_from(r.text(n, 10));
    row.created_us = r.number(n, 11), row.started_us = r.number(n, 12), row.essential_us = r.number(n, 13);
    row.ended_us = r.number(n, 14), row.error_code = r.text(n, 15), row.error = r.text(n, 16);
    row.last_page_us = r.number(n, 17), row.lease_expires_us = r.number(n, 18), row.retry_of = r.text(n, 19);
  }
  return out;
}

std::vector<engine::run_row> postgres_session::list_runs(const engine::run_filter& f) {
  parameters values{encode_limit(f.limit)};
  std::string sql = "true";
  const auto also = [&](const std::string& before, const std::string& after, std::string value) {
    values.push_back(std::move(value));
    sql += " AND " + before + "$" + std::to_string(values.size()) + after;
  };
  if (!f.tenant.empty()) also("tenant = ", "::text", f.tenant);
  if (!f.state.empty()) also("state = ", "::text", f.state);
  if (!f.before_run_id.empty()) {
    const std::string id = id_or_nothing(f.before_run_id);
    if (id.empty()) return {};
    also("(created_us, run_id) < (SELECT created_us, run_id FROM sluice.runs WHERE run_id = ", "::uuid)", id);
  }
  return runs_in(
      db().query(run_columns + sql + " ORDER BY created_us DESC, run_id DESC LIMIT $1::int8", values));
}

std::optional<engine::run_row> postgres_session::show_run(const std::string& run_id) {
  const std::string run = id_or_nothing(run_id);
  if (run.empty()) return std::nullopt;
  const std::vector<rows> got =
      db().query_all({{run_sql(), {run}}, {stages_sql, {run, ""}}, {streams_sql, {run, ""}}});
  auto found = runs_in(got[0]);
  if (found.empty()) return std::nullopt;
  for (stage_account& s : stages_in(got[1], got[2])) found[0].stages.push_back(std::move(s.row));
  return std::move(found[0]);
}

std::vector<engine::reject_row> postgres_session::list_rejects(const std::string& tenant,
                                                               const std::string& run_id, int limit) {
  parameters values{encode_limit(limit)};
  std::string sql =
      "SELECT id, at_us, page_seq, run_id, tenant, stage, item, ordinal, stream, key, field, reason, raw "
      "FROM sluice.rejects WHERE true";
  if (!tenant.empty()) {
    values.push_back(tenant);
    sql += " AND tenant = $2::text";
  }
  if (!run_id.empty()) {
    values.push_back(id_or_nothing(run_id));
    if (values.back().empty()) return {};
    sql += " AND run_id = $" + std::to_string(values.size()) + "::uuid";
  }
  std::vector<engine::reject_row> out;
  const rows r = db().query(sql + " ORDER BY id LIMIT $1::int8", values);
  for (std::size_t n = 0; n < r.size(); ++n) {
    const auto text = [&](int c) { return std::string(r.text(n, c)); };
    out.push_back({r.number(n, 0),
                   r.number(n, 1),
                   r.number(n, 2),
                   text(3),
                   text(4),
                   text(5),
                   text(6),
                   {r.number(n, 7), text(8), text(9), text(10), text(11), from_hex(r.text(n, 12))}});
  }
  return out;
}

std::vector<engine::deferred_row> postgres_session::list_deferred(const std::string& tenant, int limit) {
  parameters values{encode_limit(limit)};
  std::string sql =
      "SELECT tenant, stream, key, reference, parent_stream, parent_key, run_id, first_seen_us, expires_us "
      "FROM sluice.deferred";
  if (!tenant.empty()) {
    values.push_back(tenant);
    sql += " WHERE tenant = $2::text";
  }
  std::vector<engine::deferred_row> out;
  const rows r = db().query(sql + " ORDER BY first_seen_us, tenant, stream, key LIMIT $1::int8", values);
  for (std::size_t n = 0; n < r.size(); ++n) {
    const auto text = [&](int c) { return std::string(r.text(n, c)); };
    out.push_back(
        {text(0), text(1), text(2), text(3), text(4), text(5), text(6), r.number(n, 7), r.number(n, 8)});
  }
  return out;
}

}  // namespace sluice::store::postgres
