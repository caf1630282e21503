// Commits of every shape: small by arrays, big by COPY, ranges and points, refused values, collisions.
#include <thread>

#include "store/postgres/connection.hpp"
#include "world.hpp"

namespace sluice::testing {
namespace {

using engine::failure;
using engine::failure_class;

class a_postgres_commit : public world {};

// covers: P7
TEST_F(a_postgres_commit, writes_what_is_new_and_nothing_that_is_unchanged) {
  for (const int n : {3, 5'000}) {
    const auto rows = many(n, "n", n);
    EXPECT_EQ(put(entity_rows(rows)).inserted, n);
    sql("VACUUM FREEZE entities"), sql("CHECKPOINT");
    const std::string system =
        "SELECT md5(string_agg(xmin::text || xmax::text || ctid::text, ',' ORDER BY id)) FROM entities";
    const std::string before = sql(system), lsn = sql("SELECT pg_current_wal_lsn()");
    const auto again = put(entity_rows(rows));
    EXPECT_EQ(again.unchanged, n);
    EXPECT_EQ(again.inserted + again.updated, 0);
    EXPECT_EQ(sql(system), before);
    // The ledger's keys and the checkpoint are all that is logged: far less than a row lock each.
    const int wal = std::stoi(sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '" + lsn + "')"));
    EXPECT_LT(wal, 60'000 + 16 * n) << n;
  }
}

TEST_F(a_postgres_commit, updates_exactly_the_rows_that_differ) {
  for (const int n : {300, 5'000}) {
    auto rows = many(n, "n", n);
    put(entity_rows(rows));
    for (std::size_t i = 0; i < rows.size(); i += 100) rows[i].name = "other";
    const auto c = put(entity_rows(rows));
    EXPECT_EQ(c.updated, n / 100);
    EXPECT_EQ(c.unchanged, n - n / 100);
    EXPECT_EQ(sql("SELECT count(*) FROM entities WHERE name = 'other'"), std::to_string(n / 100));
    sql("UPDATE entities SET name = 'n'");
  }
}

TEST_F(a_postgres_commit, finds_new_rows_between_stored_ones_whatever_their_order) {
  auto rows = many(6'000);
  std::vector<entity> even, shuffled;
  for (std::size_t i = 0; i < rows.size(); i += 2) even.push_back(rows[i]);
  put(entity_rows(even));
  EXPECT_EQ(put(entity_rows(rows)).inserted, 3'000);
  for (std::size_t i = 0; i < rows.size(); ++i) shuffled.push_back(rows[(i * 4'001) % rows.size()]);
  EXPECT_EQ(put(entity_rows(shuffled)).unchanged, 6'000);
  EXPECT_EQ(sql("SELECT count(DISTINCT external_id) FROM entities"), "6000");
}

TEST_F(a_postgres_commit, looks_keys_up_one_by_one_when_they_are_few_in_a_wide_range) {
  put(entity_rows(many(20'000)));
  std::vector<entity> sparse;
  for (int i = 0; i < 2'500; ++i) sparse.push_back(many(1, "new", i * 8).front());
  EXPECT_EQ(put(entity_rows(sparse)).updated, 2'500);
}

TEST_F(a_postgres_commit, links_rows_to_parents_of_their_own_batch_in_any_order) {
  for (const int n : {10, 3'000}) {
    auto rows = many(n, "n", n);
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) rows[i].parent = rows[i + 1].id;  // children first
    EXPECT_EQ(put(entity_rows(rows)).inserted, n);
    EXPECT_EQ(sql("SELECT count(*) FROM entities c JOIN entities p ON p.id = c.parent_id"),
              std::to_string(n - 1));
    EXPECT_EQ(sql("SELECT count(*) FROM sluice.pending_links"), "0");
    sql("DELETE FROM entities");
  }
}

// covers: S9
TEST_F(a_postgres_commit, rejects_one_bad_value_and_keeps_the_others) {
  for (const int n : {50, 4'000}) {
    auto rows = many(n, "n", n);
    rows[static_cast<std::size_t>(n) / 2].json = R"({"half": "\ud800"})";  // only the server knows
    rows[3].json = R"({"nul": "\u0000"})";
    rows[4].amount = "1e5";
    const auto c = put(entity_rows(rows));
    EXPECT_EQ(c.rejected, 3) << n;
    EXPECT_EQ(c.inserted, n - 3) << n;
    EXPECT_EQ(sql("SELECT string_agg(field, ',' ORDER BY field) FROM sluice.rejects"), "amount,data,data");
    EXPECT_EQ(sql("SELECT count(*) FROM sluice.rejects WHERE reason = ''"), "0");
    sql("TRUNCATE sluice.rejects");
  }
}

// covers: S4
TEST_F(a_postgres_commit, does_a_batch_again_when_another_run_wrote_its_keys_meanwhile) {
  for (const int n : {20, 4'000}) {
    const auto rows = many(n, "n", n);
    const std::string key = rows[7].id;
    store::postgres::connection other(dsn_);
    engine::commit_request request = page_of(entity_rows(rows));
    std::optional<engine::commit_result> result;
    std::thread late;
    {
      store::postgres::transaction t(other);
      other.execute(
          "INSERT INTO entities (tenant_id, kind, external_id, row_hash, origin, read_at, synced_at, run_id) "
          "VALUES "
          "('acme', 'user', '" +
          key + "', gen_random_uuid(), 1, '2020-01-01', now(), gen_random_uuid())");
      late = std::thread([&] { result = session_->commit(request); });
      while (sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "1") std::this_thread::yield();
      t.commit();
    }
    late.join();
    ++seq_;
    const auto c = result->pages.at(0).streams.at(0).second;
    EXPECT_EQ(c.inserted, n - 1);
    EXPECT_EQ(c.updated, 1);
    EXPECT_EQ(sql("SELECT name FROM entities WHERE external_id = '" + key + "'"), "n");
  }
}

TEST_F(a_postgres_commit, says_what_to_look_for_when_a_foreign_unique_index_is_in_the_way) {
  sql("CREATE UNIQUE INDEX ON entities (name)");
  auto request = page_of(entity_rows(many(3)));
  try {
    session_->commit(request);
    FAIL();
  } catch (const failure& f) {
    EXPECT_EQ(f.kind(), failure_class::transient);
    EXPECT_NE(f.message().find("unique index"), std::string::npos) << f.message();
  }
}

TEST_F(a_postgres_commit, resolves_rows_that_waited_for_their_parents) {
  EXPECT_EQ(put(grant_rows({"u1", "u2"})).deferred, 2);
  EXPECT_EQ(put(entity_rows({{.id = "u1"}, {.id = "c", .parent = "p"}})).inserted, 2);
  auto r = session_->resolve(request_.run_id, epoch_, "acme", 100);
  EXPECT_EQ(r.resolved, 1);
  EXPECT_FALSE(r.more);
  EXPECT_EQ(sql("SELECT g.amount FROM grants g JOIN entities e ON e.id = g.entity_id"), "12.50");
  EXPECT_EQ(put(entity_rows({{.id = "p"}, {.id = "u2"}})).inserted, 2);
  r = session_->resolve(request_.run_id, epoch_, "acme", 1);
  EXPECT_EQ(r.resolved, 1);
  EXPECT_TRUE(r.more) << "the link of c is open";
  EXPECT_FALSE(session_->resolve(request_.run_id, epoch_, "acme", 1).more);
  EXPECT_EQ(sql("SELECT p.external_id FROM entities c JOIN entities p ON p.id = c.parent_id WHERE "
                "c.external_id = 'c'"),
            "p");
  EXPECT_EQ(sql("SELECT count(*) FROM sluice.deferred"), "0");
}

TEST_F(a_postgres_commit, counts_parents_of_the_same_batch_as_there) {
  std::vector<engine::stream_rows> streams;
  streams.push_back(grant_rows({"u1"}));  // before its parent, even
  streams.push_back(entity_rows({{.id = "u1"}}));
  auto request = page_of(std::move(streams));
  EXPECT_EQ(session_->commit(request).pages.at(0).streams.at(0).second.inserted, 1);
}

// Who stands still in it loses his connection, and with it his locks, before a lease of 30 s is over.
// covers: S14, H9
TEST_F(a_postgres_commit, names_the_run_in_the_sessions_of_the_server_and_may_not_be_silent_for_long) {
  sql("CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name = "
      "current_setting('application_name') || ' ' || current_setting('idle_in_transaction_session_timeout'); "
      "RETURN NEW; END $$; CREATE TRIGGER note BEFORE INSERT ON entities FOR EACH ROW EXECUTE FUNCTION "
      "note()");
  put(entity_rows({{.id = "u1"}}));
  EXPECT_EQ(sql("SELECT name FROM entities"), "sluice sync-acme-1 10s");
}

}  // namespace
}  // namespace sluice::testing
