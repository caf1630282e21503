// How runs are routed, and what that is decided by.
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

std::int64_t postgres_session::count_rows(const std::string& tenant, const std::string& stream,
                                          const std::string& column, const std::string& value) {
  if (!streams_.contains(stream)) load_streams();
  if (!streams_.contains(stream)) return 0;
  std::string sql = "SELECT count(*) FROM " + qualified(schema_, stream) +
                    " WHERE tenant_id = $1::text AND deleted_at IS NULL";
  parameters values{tenant};
  if (!column.empty()) {
    sql += " AND " + quoted(column) + " = $2::text";
    values.push_back(value);
  }
  return db().query_once(sql, values).number(0, 0);
}

std::optional<engine::last_routed> postgres_session::last_route(const std::string& tenant,
                                                                const std::string& pipeline) {
  const rows r = db().query(
      "SELECT run_id, backend, route_reason, plan, created_us FROM sluice.runs WHERE tenant = $1::text AND "
      "pipeline = $2::text ORDER BY created_us DESC, run_id DESC LIMIT 1",
      {tenant, pipeline});
  if (r.empty()) return std::nullopt;
  const auto text = [&](int c) { return std::string(r.text(0, c)); };
  return engine::last_routed{text(0), text(1), text(2), text(3), r.number(0, 4)};
}

void postgres_session::reroute(const std::string& run_id, std::int64_t epoch, const std::string& backend,
                               const std::string& reason) {
  const rows held = db().query(
      "WITH lease AS MATERIALIZED (SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = "
      "$2::int8 FOR KEY SHARE), told AS (UPDATE sluice.runs r SET backend = $3::text, route_reason = "
      "$4::text "
      "FROM lease WHERE r.run_id = lease.run_id) SELECT count(*) FROM lease",
      {encode_uuid_text(run_id), encode_int8(epoch), backend, reason});
  if (held.number(0, 0) == 0) throw no_lease(run_id);
}

}  // namespace sluice::store::postgres
