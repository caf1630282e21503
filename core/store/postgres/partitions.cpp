// Sweeps of the rows that lie where one work item reads: of one subject, or of one parent record.
#include <utility>

#include "store/partition_match.hpp"
#include "store/postgres/deletion.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/setup.hpp"
#include "store/postgres/waiting_sql.hpp"

namespace sluice::store::postgres {

using engine::sweep_result;

namespace {

// Items that ended with their last page and took all that they brought of stream $3.
constexpr const char* items_sql = R"sql(
SELECT i.item, i.vars, p.requested
FROM sluice.items i
CROSS JOIN LATERAL (
  SELECT count(*) AS pages, min(requested_us) AS requested, bool_or(is_end) AS ended, sum(rejected) AS rejected
  FROM sluice.pages x WHERE x.run_id = i.run_id AND x.stage = i.stage AND x.item = i.item) p
WHERE i.run_id = $1::uuid AND i.stage = $2::text AND i.state = 'complete' AND p.pages = i.page_seq AND p.ended
  AND p.rejected = 0 AND NOT EXISTS (
    SELECT FROM sluice.ledger x WHERE x.run_id = i.run_id AND x.stage = i.stage AND x.item = i.item
      AND x.stream = $3::text AND x.rejected > 0)
ORDER BY i.item)sql";

// More than that are not asked for at once.
constexpr std::size_t most_conditions = 32;

constexpr const char* brought_sql =
    "SELECT DISTINCT u.k FROM sluice.ledger l CROSS JOIN LATERAL unnest(l.keys) AS u(k) WHERE l.run_id = "
    "$1::uuid AND l.stage = $2::text AND l.item = $3::text AND l.stream = $4::text";

// Of rows that wait for a parent, those of the partition that an earlier request has brought and this one has
// not: they would come to life when the parent comes.
void drop_waiting(connection& db, const std::string& tenant, const stream_schema& stream, std::int64_t origin,
                  const partition_filter& filter, const std::set<std::string>& own,
                  std::int64_t requested_us) {
  const rows waiting = db.query(
      "SELECT key, payload FROM sluice.deferred WHERE tenant = $1::text AND stream = $2::text AND "
      "origin = $3::int8 AND requested_us < $4::int8",
      {tenant, stream.name, encode_int8(origin), encode_int8(requested_us)});
  std::vector<std::string> gone;
  for (std::size_t n = 0; n < waiting.size(); ++n) {
    std::string key(waiting.text(n, 0));
    if (!own.contains(key) && lies_in(filter, stream, std::string(waiting.text(n, 1))))
      gone.push_back(std::move(key));
  }
  if (!gone.empty()) db.query(drop_twins_of, {tenant, stream.name, encode_texts(gone)});
}

}  // namespace

std::string brought_by(const std::string& run, const stream_schema& s) {
  return "SELECT u.k FROM sluice.ledger l CROSS JOIN LATERAL unnest(l.keys) AS u(k) WHERE l.run_id = " + run +
         "::uuid AND l.stream = '" + s.name + "'";
}

// FROM the stream's table as t, WHERE its live rows of that origin lie in the partition. The tenant is $1; what else is
// needed is added to the values. Nothing: no table has such rows.
std::optional<std::string> postgres_session::in_partition(const stream_schema& stream, std::int64_t origin,
                                                          const partition_filter& filter,
                                                          parameters& values) {
  const auto added = [&](std::string value, const char* type) {
    values.push_back(std::move(value));
    return "$" + std::to_string(values.size()) + "::" + type;
  };
  // An expression keeps the planner from the index that begins with the tenant.
  std::string out = " FROM " + qualified(schema_, stream.name) + " t WHERE " +
                    (has_index(stream, filter) ? "(t.tenant_id || '')" : "t.tenant_id") +
                    " = $1::text AND t.origin = " + added(encode_int8(origin), "int8") +
                    " AND t.deleted_at IS NULL";
  for (const auto& [column, value] : filter.columns)
    out += " AND t." + quoted(column) + " = " + added(value, "text");
  for (const partition_filter::parent& p : filter.parents) {
    const reference& to = stream.references.at(p.reference);
    if (!streams_.contains(to.to)) return std::nullopt;
    const std::string from = " FROM " + qualified(schema_, to.to) + " p WHERE p.tenant_id = $1::text";
    std::string key;
    for (const auto& [column, value] : p.key)
      key += " AND p." + quoted(column) + " = " + added(value, "text");
    const std::string link = "t." + quoted(to.name + "_id");
    out += p.whole ? " AND " + link + " = (SELECT p.id" + from + key + ")"
                   : " AND EXISTS (SELECT" + from + " AND p.id = " + link + key + ")";
  }
  return out;
}

postgres_session::found_rows postgres_session::rows_in(const swept_run& of, const stream_schema& stream,
                                                       std::int64_t origin, const partition_filter& filter) {
  parameters values{of.tenant};
  const auto where = in_partition(stream, origin, filter, values);
  return where ? rows_that("SELECT t.id, " + key_of(stream) + *where, values) : found_rows();
}

// Rows of the partitions of proven items that their items did not bring, each as a condition. False: too many to ask for.
bool postgres_session::ask_partitions(const engine::sweep_request& r, const rows& items,
                                      const std::vector<stage_account>& accounts, std::int64_t origin,
                                      std::vector<std::string>& conditions, parameters& values) {
  const stream_schema& stream = streams_.at(r.stream);
  for (const engine::partition_rule& rule : r.partitions) {
    if (!why_no_sweep(accounts, rule.others).empty()) continue;  // then nothing is deleted for it
    for (std::size_t n = 0; n < items.size(); ++n) {
      if (items.text(n, 0) != rule.stage) continue;
      const auto filter = filter_of(stream, rule, std::string(items.text(n, 2)));
      if (!filter) continue;
      const auto where = in_partition(stream, origin, *filter, values);
      if (!where) continue;
      values.push_back(rule.stage);
      const std::string stage = "$" + std::to_string(values.size()) + "::text";
      values.emplace_back(items.text(n, 1));
      conditions.push_back("EXISTS (SELECT" + *where + " AND " + key_of(stream) + " NOT IN (" +
                           brought_by("$2", stream) + " AND l.stage = " + stage + " AND l.item = $" +
                           std::to_string(values.size()) + "::text))");
      if (conditions.size() > most_conditions) return false;
    }
  }
  return true;
}

std::vector<postgres_session::gone_rows> postgres_session::find_gone(const engine::sweep_request& r,
                                                                     const swept_run& of,
                                                                     const stream_schema& stream,
                                                                     std::int64_t origin,
                                                                     std::string& why_not) {
  std::vector<gone_rows> out;
  const auto accounts = read_stages(of.run);
  std::set<std::string> known;  // one row may lie in the partitions of two items
  bool locked = false;
  for (const engine::partition_rule& rule : r.partitions) {
    if (const std::string why = why_no_sweep(accounts, rule.others); !why.empty()) {
      why_not = why;
      continue;
    }
    // Beside other reads, which may have asked sooner, a row must have been brought by none since the run was made.
    const bool alone = rule.others.empty();
    const rows items = db().query_once(items_sql, {of.run, rule.stage, stream.name});
    for (std::size_t n = 0; n < items.size(); ++n) {
      const std::int64_t as_of = alone ? items.number(n, 2) : of.created_us;
      const auto filter = filter_of(stream, rule, std::string(items.text(n, 1)));
      if (!filter) continue;
      const std::set<std::string> own = texts_of(
          db().query_once(brought_sql, {of.run, rule.stage, std::string(items.text(n, 0)), stream.name}));
      drop_waiting(db(), of.tenant, stream, origin, *filter, own, as_of);
      found_rows found = rows_in(of, stream, origin, *filter);
      drop(found, own);
      drop(found, known);
      if (found.ids.empty()) continue;
      if (!std::exchange(locked, true)) lock_stream(of.tenant, stream.name);
      drop_seen(found, of.tenant, stream.name, of.created_us, alone ? as_of : 0);
      known.insert(found.keys.begin(), found.keys.end());
      out.push_back({rule.stage, as_of, std::move(found)});
    }
  }
  return out;
}

sweep_result postgres_session::sweep_partitions(const engine::sweep_request& r, const swept_run& of,
                                                const stream_schema& stream) {
  const std::int64_t origin = origin_of(of.pipeline, r.entry);
  sweep_result out;
  const std::vector<gone_rows> gone = find_gone(r, of, stream, origin, out.reason);
  for (const gone_rows& g : gone) out.gone += static_cast<std::int64_t>(g.rows.ids.size());
  if (out.gone > r.guard.floor) out.live = live_rows(of.tenant, r.stream, origin);
  if (r.guard.holds(out.gone, out.live)) {
    for (const gone_rows& g : gone) hold(of.run, r.stream, g.rows.keys, held_as::unseen);
    out.result = sweep_result::how::held;
    return out;
  }
  for (const gone_rows& g : gone) remove({of.run, of.tenant, g.stage, "sweep", g.as_of_us}, r.stream, g.rows);
  if (!out.reason.empty() && out.gone == 0) out.result = sweep_result::how::unproven;
  return out;
}

}  // namespace sluice::store::postgres
