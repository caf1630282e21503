// Every look-up is planned as one by key, on a table without rows, without statistics and with stale ones.
#include <regex>

#include "store/postgres/connection.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/setup.hpp"
#include "store/postgres/tables.hpp"
#include "world.hpp"

namespace sluice::testing {
namespace {

using namespace store::postgres;

class a_plan : public world {
 protected:
  void SetUp() override {
    world::SetUp();
    if (IsSkipped()) return;
    database_ = std::make_unique<connection>(dsn_);
  }

  // The generic plan, as a prepared statement gets it.
  std::string explain(const std::string& statement, std::size_t parameters_count) {
    std::string nulls;
    for (std::size_t i = 0; i < parameters_count; ++i) nulls += i == 0 ? "NULL" : ", NULL";
    return explain(statement, nulls);
  }

  std::string explain(const std::string& statement, const std::string& values) {
    const std::string name = "p" + std::to_string(++plans_);
    database_->execute("PREPARE " + name + " AS " + statement);
    const auto lines = database_->execute("EXPLAIN EXECUTE " + name + "(" + values + ")");
    std::string out;
    for (std::size_t n = 0; n < lines.size(); ++n) out.append(lines.text(n, 0)).append("\n");
    return std::regex_replace(out, std::regex("\\bs_1\\."), "s.");  // a batch inside of a subquery
  }

  // By the unique key: all its columns in the index condition, and no other way in.
  void expect_by_key(const std::string& plan, const stream_table& t) {
    EXPECT_NE(plan.find("Index Scan using " + t.name + "_tenant_id_"), std::string::npos) << plan;
    std::string condition = "Index Cond: ((tenant_id = $1)";
    for (std::size_t i = 0; i < t.key.size(); ++i)
      condition += " AND (" + t.key[i] + " = s.k" + std::to_string(i) + ")";
    EXPECT_NE(plan.find(condition), std::string::npos) << plan;
    for (const char* trap : {"Seq Scan", "Bitmap", "Hash", "Merge", "Materialize", "Join Filter"}) {
      EXPECT_EQ(plan.find(trap), std::string::npos) << plan;
    }
  }

  void expect_all_by_key(const char* state) {
    SCOPED_TRACE(state);
    for (const stream_schema* s : {&entities(), &grants()}) {
      const stream_table t = table_of("public", *s);
      const std::size_t keys = t.key.size();
      expect_by_key(explain(t.probe, keys + 3), t);
      expect_by_key(explain(t.update, keys + 3 + t.changed.size()), t);
      expect_by_key(explain(t.tombstone, keys + 5), t);
      expect_by_key(explain(t.raise_version, keys + 2), t);
      expect_by_key(explain(find_rows_sql("public", t.name, t.key), keys + 1), t);
    }
  }

  std::unique_ptr<connection> database_;
  int plans_ = 0;
};

TEST_F(a_plan, is_by_key_without_statistics_with_stale_ones_and_with_good_ones) {
  expect_all_by_key("empty, never analyzed");
  sql("ANALYZE");
  expect_all_by_key("analyzed while empty");
  put(entity_rows(many(20'000)));
  sql("UPDATE pg_class SET reltuples = 0, relpages = 0 WHERE relname = 'entities'");
  expect_all_by_key("many rows, statistics of an empty table");
  sql("ANALYZE");
  expect_all_by_key("many rows, good statistics");
}

TEST_F(a_plan, of_a_range_is_one_index_scan_and_a_hash_join) {
  for (const bool filled : {false, true}) {
    if (filled) put(entity_rows(many(5'000))), sql("ANALYZE");
    const stream_table t = table_of("public", entities());
    transaction settings_are_local(*database_);
    database_->execute(range_settings());
    const std::string plan = explain(t.range_probe,
                                     "'acme', ARRAY['user', 'user'], ARRAY['u1', 'u2'], "
                                     "ARRAY[gen_random_uuid(), gen_random_uuid()], ARRAY[1, 2], "
                                     "'user', 'u1', 'user', 'u2', 6001");
    EXPECT_NE(plan.find("Hash"), std::string::npos) << plan;
    EXPECT_NE(plan.find("(ROW(kind, external_id) >="), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Nested Loop"), std::string::npos) << plan;
  }
}

TEST_F(a_plan, of_the_waiting_rows_goes_by_their_keys_too) {
  for (const char* table : {"deferred", "pending_links"}) {
    const std::string plan = explain(
        std::string("DELETE FROM sluice.") + table +
            " WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM unnest($3::text[]) AS s(k) LEFT JOIN sluice." +
            table + " d ON d.tenant = $1::text AND d.stream = $2::text AND d.key = s.k))",
        3);
    EXPECT_NE(plan.find("(key = s.k)"), std::string::npos) << plan;
    EXPECT_NE(plan.find("Tid Scan"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
  }
}

}  // namespace
}  // namespace sluice::testing
