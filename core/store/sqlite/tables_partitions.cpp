// Which rows of one item's partition nothing has brought any more.
#include <nlohmann/json.hpp>

#include "store/errors.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

namespace {

std::string as_array(const std::vector<std::string>& keys) {
  return nlohmann::json(keys).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::int64_t tables::last_page_us(const std::string& run_id) {
  auto c = db_->query("SELECT coalesce(max(at_us), 0) FROM sluice_pages WHERE run_id=?", run_id);
  return c.next() ? c->number(0) : 0;
}

std::vector<embedded::proven_item> tables::proven_items(const std::string& run_id, const std::string& stage,
                                                        const std::string& stream) {
  std::vector<embedded::proven_item> out;
  auto c = db_->query(
      "SELECT i.item, i.vars, min(p.requested_us) FROM sluice_items i JOIN sluice_pages p ON "
      "p.run_id=i.run_id "
      "AND p.stage=i.stage AND p.item=i.item WHERE i.run_id=?1 AND i.stage=?2 AND i.state='complete' "
      "AND NOT EXISTS (SELECT 1 FROM sluice_ledger l WHERE l.run_id=i.run_id AND l.stage=i.stage AND "
      "l.item=i.item AND l.stream=?3 AND l.rejected > 0) "
      "GROUP BY i.item, i.vars, i.page_seq HAVING count(*)=i.page_seq AND max(p.is_end)=1 AND "
      "sum(p.rejected)=0 ORDER BY i.item",
      run_id, stage, stream);
  while (c.next()) out.push_back({c->string(0), c->string(1), c->number(2)});
  return out;
}

std::vector<std::string> tables::keys_in(const std::string& tenant, const std::string& stream,
                                         std::int64_t origin, const partition_filter& filter) {
  const stream_schema& schema = find_stream(stream)->schema();
  std::vector<std::string> texts;
  std::vector<std::int64_t> ids;
  std::string where;
  const auto mark = [&](const std::string& value) {
    texts.push_back(value);
    return "?" + std::to_string(texts.size() + 2);
  };
  for (const auto& [column, value] : filter.columns)
    where += " AND t." + quoted_name(column) + "=" + mark(value);
  for (const partition_filter::parent& p : filter.parents) {
    const reference& to = schema.references.at(p.reference);
    embedded::stream_table* parents = find_stream(to.to);
    if (parents == nullptr) return {};
    const std::string link = "t." + quoted_name(to.name + "_id");
    if (p.whole) {
      const auto row = parents->find(tenant, parent_key(to, p));
      if (!row) return {};
      where += " AND " + link + "=" + std::to_string(row->id);
      continue;
    }
    where += " AND EXISTS (SELECT 1 FROM " + quoted_name(to.to) + " p WHERE p.id=" + link;
    for (const auto& [column, value] : p.key) where += " AND p." + quoted_name(column) + "=" + mark(value);
    where += ")";
  }
  // The plus keeps the planner from the index that begins with the tenant.
  const std::string sql = "SELECT " + key_sql(schema) + " FROM " + quoted_name(stream) + " t WHERE " +
                          (has_index(schema, filter) ? "+" : "") +
                          "t.tenant_id=?1 AND t.origin=?2 AND t.deleted_at IS NULL" + where;
  statement s = db_->prepare(sql);
  s.bind(1, tenant);
  s.bind(2, origin);
  for (std::size_t i = 0; i < texts.size(); ++i) s.bind(static_cast<int>(i) + 3, texts[i]);
  std::vector<std::string> out;
  while (s.step()) out.push_back(s.string(0));
  return out;
}

std::vector<std::string> tables::keys_of_item(const std::string& run_id, const std::string& stage,
                                              const std::string& item, const std::string& stream) {
  std::vector<std::string> out;
  auto c = db_->query(
      "SELECT j.value FROM sluice_ledger l, json_each(l.keys) j WHERE l.run_id=? AND l.stage=? AND l.item=? "
      "AND l.stream=?",
      run_id, stage, item, stream);
  while (c.next()) out.push_back(c->string(0));
  return out;
}

std::vector<std::string> tables::seen_of(const std::string& tenant, const std::string& stream,
                                         const std::vector<std::string>& keys, std::int64_t since_us,
                                         std::int64_t requested_us) {
  std::vector<std::string> out;
  auto c = db_->query(
      "SELECT DISTINCT j.value FROM sluice_runs r JOIN sluice_pages p ON p.run_id=r.run_id AND p.at_us>=?4 "
      "AND "
      "p.requested_us>=?5 JOIN sluice_ledger l ON l.run_id=p.run_id AND l.stage=p.stage AND l.item=p.item "
      "AND "
      "l.page_seq=p.page_seq AND l.stream=?2, json_each(l.keys) j WHERE r.tenant=?1 AND "
      "(r.ended_us=0 OR r.ended_us>=?4) AND j.value IN (SELECT k.value FROM json_each(?3) k)",
      tenant, stream, as_array(keys), since_us, requested_us);
  while (c.next()) out.push_back(c->string(0));
  return out;
}

}  // namespace sluice::store::sqlite
