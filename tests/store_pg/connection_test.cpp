// What a connection does when the server misbehaves: dies, blocks, refuses, or is set up to lose data.
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "fresh_database.hpp"
#include "store/postgres/encode.hpp"

namespace sluice::store::postgres {
namespace {

using engine::failure_class;

class a_connection : public fresh_database {
 protected:
  // The failure of `work`; fails the test when there is none.
  template <class F>
  engine::failure failure_of(F&& work) {
    try {
      work();
    } catch (const engine::failure& f) {
      return f;
    }
    ADD_FAILURE() << "nothing failed";
    return {failure_class::cancelled, "", ""};
  }

  // Into the table t, in pieces of one row.
  std::int64_t copy_numbers(const std::vector<std::int64_t>& numbers) {
    std::size_t sent = 0;
    return database_->copy("COPY t FROM STDIN BINARY", [&](std::string& out) {
      if (sent == 0) append_copy_head(out);
      append_tuple_start(out, 1), append_int8(out, numbers[sent++]);
      if (sent < numbers.size()) return true;
      append_copy_end(out);
      return false;
    });
  }
};

TEST_F(a_connection, tells_a_taken_key_and_a_bad_value_apart) {
  database_->execute("CREATE TABLE t (k int PRIMARY KEY, j jsonb)");
  database_->execute("INSERT INTO t VALUES (1)");
  try {
    database_->execute("INSERT INTO t VALUES (1)");
    FAIL();
  } catch (const sql_failure& f) {
    EXPECT_TRUE(f.key_taken());
  }
  try {
    database_->execute(R"(INSERT INTO t VALUES (2, '"\u0000"'))");
    FAIL();
  } catch (const sql_failure& f) {
    EXPECT_TRUE(f.bad_value()) << f.state();
  }
}

// covers: S1
TEST_F(a_connection, that_is_killed_between_statements_is_transient_and_unusable) {
  kill_backend();
  const auto f = failure_of([&] { database_->query("SELECT 1"); });
  EXPECT_EQ(f.kind(), failure_class::transient) << f.message();
  EXPECT_FALSE(database_->usable());
}

// covers: S1
TEST_F(a_connection, that_the_server_has_closed_is_found_before_anything_is_asked) {
  EXPECT_TRUE(database_->usable());
  kill_backend();
  EXPECT_FALSE(database_->usable());
  connection other(dsn_);
  EXPECT_TRUE(other.usable());
  // What a server tells of itself in between is no end.
  testing::postgres_cluster::query(dsn_, "NOTIFY n");
  other.execute("LISTEN n");
  testing::postgres_cluster::query(dsn_, "NOTIFY n");
  EXPECT_TRUE(other.usable());
  EXPECT_EQ(other.query("SELECT 7").number(0, 0), 7);
}

// covers: P4, S2
TEST_F(a_connection, that_dies_during_commit_is_in_doubt) {
  database_->execute("CREATE TABLE t (k int)");
  const auto f = failure_of([&] {
    transaction t(*database_);
    database_->execute("INSERT INTO t VALUES (1)");
    kill_backend();
    t.commit();
  });
  EXPECT_EQ(f.kind(), failure_class::in_doubt) << f.message();
  EXPECT_EQ(testing::postgres_cluster::query(dsn_, "SELECT count(*) FROM t"), "0");
}

// covers: S4
TEST_F(a_connection, that_waits_too_long_for_a_lock_is_transient_and_says_where_to_look) {
  database_->execute("CREATE TABLE t (k int)");
  connection other(dsn_);
  transaction held(other);
  other.execute("LOCK TABLE t");
  database_->execute("SET lock_timeout = '50ms'");
  const auto f = failure_of([&] { database_->execute("INSERT INTO t VALUES (1)"); });
  EXPECT_EQ(f.kind(), failure_class::transient);
  EXPECT_EQ(f.code(), "SLU-5010");
  EXPECT_NE(f.message().find("pg_stat_activity"), std::string::npos) << f.message();
}

// covers: S4
TEST_F(a_connection, that_takes_too_long_is_transient) {
  database_->execute("SET statement_timeout = '50ms'");
  EXPECT_EQ(failure_of([&] { database_->query("SELECT pg_sleep(10)"); }).code(), "SLU-5010");
}

// covers: P2, S1
TEST_F(a_connection, killed_in_the_middle_of_a_copy_leaves_no_row) {
  database_->execute("CREATE TABLE t (k bigint)");
  std::vector<std::int64_t> numbers(200'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::string pid(database_->query("SELECT pg_backend_pid()").text(0, 0));
  // The trigger reports the copy's progress by waiting for a lock that only this test holds.
  database_->execute(
      "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.k = 100000 THEN PERFORM pg_advisory_lock(1); END IF; RETURN NEW; END $$");
  database_->execute("CREATE TRIGGER w BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION wait()");
  connection gate(dsn_);
  gate.query("SELECT pg_advisory_lock(1)");
  std::thread killer([&] {
    const std::string waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while (testing::postgres_cluster::query(dsn_, waiting) != "1") std::this_thread::yield();
    testing::postgres_cluster::query(dsn_, "SELECT pg_terminate_backend(" + pid + ", 5000)");
  });
  database_->execute("SET lock_timeout = 0");
  const auto f = failure_of([&] { copy_numbers(numbers); });
  killer.join();
  EXPECT_EQ(f.kind(), failure_class::transient) << f.message();
  EXPECT_EQ(testing::postgres_cluster::query(dsn_, "SELECT count(*) FROM t"), "0");
}

TEST_F(a_connection, copies_and_goes_on_after_a_copy_that_failed) {
  database_->execute("CREATE TABLE t (k bigint PRIMARY KEY)");
  EXPECT_EQ(failure_of([&] { copy_numbers({7, 7}); }).code(), "SLU-5050");
  EXPECT_EQ(copy_numbers({7}), 1);
}

TEST_F(a_connection, takes_nothing_of_a_copy_whose_maker_gives_up) {
  database_->execute("CREATE TABLE t (k bigint PRIMARY KEY)");
  int pieces = 0;
  const auto failing = [&](std::string& out) {
    if (++pieces == 2) throw std::runtime_error("no more");
    append_copy_head(out), append_tuple_start(out, 1), append_int8(out, 7);
    return true;
  };
  EXPECT_THROW(database_->copy("COPY t FROM STDIN BINARY", failing), std::runtime_error);
  EXPECT_EQ(copy_numbers({7}), 1) << "the connection is in order and the row isn't there";
}

// covers: S13
TEST_F(a_connection, refuses_a_server_that_may_lose_what_it_acknowledged) {
  testing::postgres_cluster::query(dsn_, "ALTER ROLE sluice SET synchronous_commit = off");
  const auto f = failure_of([&] { connection c(dsn_); });
  testing::postgres_cluster::query(dsn_, "ALTER ROLE sluice RESET synchronous_commit");
  EXPECT_EQ(f.kind(), failure_class::invalid);
  EXPECT_EQ(f.code(), "SLU-5015");
  EXPECT_NE(f.message().find("synchronous_commit is off"), std::string::npos) << f.message();
}

TEST_F(a_connection, refuses_a_database_that_is_not_utf8) {
  testing::postgres_cluster::query(
      dsn_, "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  std::string dsn = dsn_;
  dsn = dsn.substr(0, dsn.find("dbname=")) + "dbname=latin";
  EXPECT_EQ(failure_of([&] { connection c(dsn); }).code(), "SLU-5016");
}

// covers: P18
TEST_F(a_connection, says_what_to_check_when_nobody_listens) {
  const auto f = failure_of([&] { connection c("postgresql://x@127.0.0.1:1/x"); });
  EXPECT_EQ(f.kind(), failure_class::transient);
  EXPECT_EQ(f.code(), "SLU-5012");
}

// covers: P22
TEST_F(a_connection, keeps_the_password_of_a_bad_dsn_to_itself) {
  const auto f = failure_of([&] { connection c("postgresql://u:hunter2@[::1/x"); });
  EXPECT_EQ(f.kind(), failure_class::invalid);
  EXPECT_EQ(f.message().find("hunter2"), std::string::npos) << f.message();
}

}  // namespace
}  // namespace sluice::store::postgres
