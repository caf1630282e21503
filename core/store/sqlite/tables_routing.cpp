// What routing asks: how large a tenant is, and how its newest run was routed.
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

std::int64_t tables::count_holding(const std::string& tenant, const std::string& stream,
                                   const std::string& column, const std::string& value) {
  std::string sql =
      "SELECT count(*) FROM " + quoted_name(stream) + " WHERE tenant_id=? AND deleted_at IS NULL";
  if (!column.empty()) sql += " AND " + quoted_name(column) + "=?";
  statement s = db_->prepare(sql);
  s.bind(1, std::string_view(tenant));
  if (!column.empty()) s.bind(2, std::string_view(value));
  return s.step() ? s.number(0) : 0;
}

std::optional<engine::run_row> tables::last_run(const std::string& tenant, const std::string& pipeline) {
  std::string id;
  {
    auto c =
        db_->query("SELECT run_id FROM sluice_runs WHERE tenant=? AND pipeline=? ORDER BY seq DESC LIMIT 1",
                   tenant, pipeline);
    if (!c.next()) return std::nullopt;
    id = c->string(0);
  }
  return find_run(id)->row;
}

}  // namespace sluice::store::sqlite
