// Several statements in one round trip: their answers, the one that fails, and transactions that begin and end with them.
#include <gtest/gtest.h>

#include "fresh_database.hpp"
#include "store/errors.hpp"
#include "store/postgres/encode.hpp"

namespace sluice::store::postgres {
namespace {

constexpr const char* insert = "INSERT INTO t VALUES ($1::int8)";
constexpr const char* count = "SELECT count(*) FROM t";

class an_exchange : public fresh_database {
 protected:
  void SetUp() override {
    fresh_database::SetUp();
    if (IsSkipped()) return;
    database_->execute("CREATE TABLE t (k int8 PRIMARY KEY)");
  }
  static statement one(std::int64_t k) { return {insert, {encode_int8(k)}}; }
  // As somebody else sees it.
  [[nodiscard]] std::string seen() const { return testing::postgres_cluster::query(dsn_, count); }
};

TEST_F(an_exchange, answers_each_in_its_order_however_often_it_is_asked) {
  for (const std::int64_t k : {1, 3, 5}) {  // as it is, prepared now, prepared before
    const auto got = database_->query_all({one(k), {count, {}}, one(k + 1), {count, {}}});
    ASSERT_EQ(got.size(), 4U);
    EXPECT_EQ(got[0].affected(), 1);
    EXPECT_EQ(got[1].number(0, 0), k);
    EXPECT_EQ(got[3].number(0, 0), k + 1);
    EXPECT_EQ(seen(), std::to_string(k + 1));
  }
}

TEST_F(an_exchange, that_fails_says_where_and_leaves_nothing_behind) {
  for (int asked = 0; asked < 3; ++asked) {
    try {
      database_->query_all({one(1), one(2), one(1), one(3)});
      FAIL() << "a key was taken twice";
    } catch (const sql_failure& f) {
      EXPECT_TRUE(f.key_taken());
      EXPECT_NE(f.message().find(insert), std::string::npos) << f.message();
    }
    EXPECT_EQ(seen(), "0");
    EXPECT_TRUE(database_->usable());
  }
  database_->query_all({one(1), one(2)});
  EXPECT_EQ(seen(), "2");
}

TEST_F(an_exchange, is_read_while_it_is_written) {
  // Far more of both than all buffers between the two hold.
  const std::string much(4'000'000, 'x');
  std::vector<statement> all(12, {"SELECT $1::text", {much}});
  for (const rows& r : database_->query_all(all)) EXPECT_EQ(r.text(0, 0).size(), much.size());
}

TEST_F(an_exchange, of_a_connection_that_is_gone_is_transient_and_the_connection_of_no_use) {
  kill_backend();
  try {
    database_->query_all({one(1), one(2)});
    FAIL() << "it was gone";
  } catch (const engine::failure& f) {
    EXPECT_EQ(f.kind(), engine::failure_class::transient);
  }
  EXPECT_FALSE(database_->usable());
}

TEST_F(an_exchange, begins_a_transaction_with_its_first_statement) {
  {
    transaction nothing(*database_);
    EXPECT_TRUE(database_->in_transaction());
    nothing.commit();
  }
  {
    transaction given_up(*database_);
    database_->query_all({one(1), one(2)});
    EXPECT_EQ(seen(), "0");
  }
  EXPECT_FALSE(database_->in_transaction());
  EXPECT_EQ(seen(), "0");
  transaction kept(*database_);
  database_->query(insert, {encode_int8(1)});
  database_->query(insert, {encode_int8(2)});
  EXPECT_EQ(seen(), "0");
  kept.commit();
  EXPECT_EQ(seen(), "2");
}

TEST_F(an_exchange, ends_a_transaction_with_its_last_ones) {
  transaction t(*database_);
  database_->query(insert, {encode_int8(1)});
  const auto got = t.commit({one(2), {count, {}}});
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[1].number(0, 0), 2);
  EXPECT_EQ(seen(), "2");
}

TEST_F(an_exchange, commits_nothing_when_one_of_the_last_fails) {
  {
    transaction t(*database_);
    database_->query(insert, {encode_int8(1)});
    try {
      t.commit({one(2), one(1)});
      FAIL() << "a key was taken twice";
    } catch (const sql_failure& f) {
      EXPECT_TRUE(f.key_taken());
    }
  }
  EXPECT_EQ(seen(), "0");
  EXPECT_EQ(database_->query(count).number(0, 0), 0) << "the connection is of use";
}

TEST_F(an_exchange, does_not_call_committed_what_the_server_rolled_back) {
  transaction t(*database_);
  database_->query(insert, {encode_int8(1)});
  EXPECT_THROW(database_->query(insert, {encode_int8(1)}), sql_failure);
  try {
    t.commit();
    FAIL() << "a statement had failed";
  } catch (const engine::failure& f) {
    EXPECT_EQ(f.kind(), engine::failure_class::internal);
  }
  EXPECT_EQ(seen(), "0");
}

}  // namespace
}  // namespace sluice::store::postgres
