#include "store/sqlite/clock.hpp"

#include <algorithm>

namespace sluice::store::sqlite {

namespace {

// The last runs that have ended, and the pages of those that have not.
constexpr const char* latest_sql = R"sql(
SELECT coalesce(max(t), 0) FROM (
  SELECT max(created_us, started_us, essential_us, ended_us) AS t
    FROM (SELECT * FROM sluice_runs ORDER BY seq DESC LIMIT 100)
  UNION ALL
  SELECT max(p.at_us) FROM sluice_leases l JOIN sluice_pages p ON p.run_id = l.run_id
))sql";

std::int64_t latest_us(database& db) {
  auto c = db.query(latest_sql);
  return c.next() ? c->number(0) : 0;
}

std::int64_t wall_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

}  // namespace

store_clock::store_clock(database& db) : base_us_(std::max(wall_us(), latest_us(db) + 1)) {}

}  // namespace sluice::store::sqlite
