// Every look-up is planned as one by key, on a table without rows, without statistics and with stale ones.
#include "store/postgres/connection.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/tables.hpp"
#include "store/postgres/waiting_sql.hpp"
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
    return out;
  }

  // By the unique index: all columns of the key in its condition, and no other way in.
  static void expect_by_key(const std::string& plan, const std::string& index,
                            const std::vector<std::string>& key) {
    EXPECT_NE(plan.find("Index Scan using " + index), std::string::npos) << plan;
    std::size_t at = plan.find("Index Cond: (");
    for (const std::string& column : key) {
      at = at == std::string::npos ? at : plan.find("(" + column + " = ", at);
    }
    EXPECT_LT(at, plan.size()) << plan;
    for (const char* trap : {"Seq Scan", "Bitmap", "Hash", "Merge", "Materialize", "Join Filter"}) {
      EXPECT_EQ(plan.find(trap), std::string::npos) << plan;
    }
  }

  // One walk over the unique index, in its order.
  static void expect_by_range(const std::string& plan, const stream_table& t) {
    expect_by_key(plan, t.name + "_tenant_id_", {"tenant_id"});
    const std::string low =
        t.key.size() == 2 ? "(ROW(" + t.key[0] + ", " + t.key[1] + ") >= ROW(" : "(" + t.key[0] + " >= ";
    EXPECT_NE(plan.find(low), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Sort"), std::string::npos) << plan;
  }

  void expect_all_by_key(const std::string& state) {
    SCOPED_TRACE(state);
    for (const stream_schema* s : {&entities(), &grants()}) {
      const stream_table t = table_of("public", *s);
      const std::size_t keys = t.key.size();
      std::vector<std::string> key = t.key;
      key.insert(key.begin(), "tenant_id");
      for (const auto& [statement, count] : {std::pair(t.probe, keys + 3),
                                             {t.update, keys + 3 + t.changed.size()},
                                             {t.tombstone, keys + 5},
                                             {t.raise_version, keys + 2},
                                             {t.set_parent_of("origin"), keys + 4},
                                             {find_rows_sql("public", t.name, t.key), keys + 1},
                                             {count_held_sql("public", t.name, t.key, {"origin"}), keys + 1}}) {
        expect_by_key(explain(statement, count), t.name + "_tenant_id_", key);
      }
      for (const std::string& statement : {t.range_hashes, t.range_versions}) {
        expect_by_range(explain(statement, 2 + 2 * t.key.size()), t);
      }
    }
    for (const char* statement : {find_twins, drop_twins_of}) {
      expect_by_key(explain(statement, 3), "deferred_pkey", {"tenant", "stream", "key"});
    }
    expect_by_key(explain(drop_links, 3), "pending_links_pkey", {"tenant", "stream", "key"});
    expect_by_key(explain(drop_links_of, 4), "pending_links_pkey", {"tenant", "stream", "key", "reference"});
  }

  std::unique_ptr<connection> database_;
  int plans_ = 0;
};

TEST_F(a_plan, is_by_key_whatever_the_statistics_say) {
  expect_all_by_key("empty, never analyzed");
  sql("ANALYZE");
  expect_all_by_key("analyzed while empty");
  put(entity_rows(many(20'000)));
  for (const char* size : {"0, 0", "1, 1", "20, 1", "100, 5", "2500, 200", "20000, 200", "1000000, 10000"}) {
    sql(std::string("UPDATE pg_class SET (reltuples, relpages) = (") + size +
        ") WHERE relnamespace IN ('public'::regnamespace, 'sluice'::regnamespace)");
    expect_all_by_key(std::string("rows, pages: ") + size);
  }
  sql("ANALYZE");
  expect_all_by_key("many rows, good statistics");
}

// Rows and index entries that the sessions have looked at so far. A backend hands in its figures when it
// ends; pg_stat_activity says when that is.
std::int64_t rows_read(const std::string& dsn) {
  postgres_cluster::query(dsn,
                          "SET statement_timeout = '30s'; DO $$ BEGIN WHILE EXISTS (SELECT FROM "
                          "pg_stat_activity WHERE datname = current_database() AND backend_type = "
                          "'client backend' AND pid <> pg_backend_pid()) LOOP PERFORM "
                          "pg_stat_clear_snapshot(), pg_sleep(0.01); END LOOP; END $$");
  return std::stoll(postgres_cluster::query(dsn,
                                            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM "
                                            "pg_stat_all_tables WHERE schemaname IN ('public', 'sluice')"));
}

// The statements that are not listed above (fences, parents of waiting rows, links) show in what they read:
// by the tenant instead of by the key it would be hundreds of millions of rows.
TEST_F(a_plan, does_not_grow_with_what_already_waits) {
  std::vector<std::string> ids;
  for (const entity& e : many(20'000)) ids.push_back(e.id);
  sql("ANALYZE");  // while everything is empty
  EXPECT_EQ(put(grant_rows(ids)).deferred, 20'000);
  EXPECT_EQ(put(grant_rows(ids)).deferred, 20'000);
  auto children = many(5'000, "child", 20'000);
  for (entity& e : children) e.parent = "late-" + e.id;
  EXPECT_EQ(put(entity_rows(children)).inserted, 5'000);
  EXPECT_EQ(put(entity_rows(many(20'000))).inserted, 20'000);
  for (entity& e : children) e.id = e.parent, e.parent.clear();
  EXPECT_EQ(put(entity_rows(children)).inserted, 5'000);
  std::int64_t resolved = 0;
  bool more = true;
  while (more) {
    const auto r = session_->resolve(request_.run_id, epoch_, "acme", 10'000);
    resolved += r.resolved;
    more = r.more;
  }
  EXPECT_EQ(resolved, 20'000);
  EXPECT_EQ(sql("SELECT count(*) FROM entities WHERE parent_id IS NOT NULL"), "5000");
  session_.reset(), store_.reset(), database_.reset();
  EXPECT_LT(rows_read(dsn_), 10 * (20'000 + 20'000 + 5'000 + 20'000 + 5'000));
}

}  // namespace
}  // namespace sluice::testing
