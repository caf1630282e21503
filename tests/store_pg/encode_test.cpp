// Values as PostgreSQL's binary format, given to a real server and read back as text.
#include <limits>

#include <gtest/gtest.h>

#include <sluice/batch_builder.hpp>

#include "store/postgres/connection.hpp"
#include "store/postgres/encode.hpp"
#include "support/postgres_fixture.hpp"

namespace sluice::store::postgres {
namespace {

class encoding : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::postgres_cluster* cluster = testing::postgres_cluster::shared();
    if (cluster == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    database_ = std::make_unique<connection>(cluster->new_database());
  }

  // The one cell of a one-column batch, written as an array element and read back as text.
  std::string round_trip(column_type type, const array_handle& rows) {
    array_builder values(oid_of(type));
    const column_view cell(*rows.get().children[0]);
    if (auto why = append_cell(values.bytes(), cell, type, 0)) return "refused: " + *why;
    values.added();
    const std::string sql = "SELECT ($1::" + std::string(sql_type(type)) + "[])[1]::text";
    const auto out = database_->query(sql, {values.finish()});
    return out.is_null(0, 0) ? "null" : std::string(out.text(0, 0));
  }

  std::string text(column_type type, std::string_view value) {
    batch_builder b({{"v", type, false, {}}});
    b.text(0, value);
    b.next_row();
    return round_trip(type, b.finish());
  }

  std::string int64(column_type type, std::int64_t value) {
    batch_builder b({{"v", type, false, {}}});
    b.int64(0, value);
    b.next_row();
    return round_trip(type, b.finish());
  }

  std::unique_ptr<connection> database_;
};

// covers: P5
TEST_F(encoding, keeps_decimals_digit_for_digit) {
  const char* values[] = {"0",
                          "0.00",
                          "1",
                          "-1",
                          "12.50",
                          "-0.05",
                          "10000",
                          "9999",
                          "0.0001",
                          "0.00001000",
                          "100000000",
                          "123456789012345678901234567890.123456789012345678901234567890",
                          "-99999999999999999999",
                          "1000000000000.5",
                          "0.10",
                          "10.0000"};
  for (const char* v : values) EXPECT_EQ(text(column_type::decimal, v), v);
}

TEST_F(encoding, knows_no_negative_zero) { EXPECT_EQ(text(column_type::decimal, "-0.00"), "0.00"); }

// covers: P5
TEST_F(encoding, keeps_a_decimal_of_a_thousand_digits) {
  const std::string digits = "7" + std::string(999, '3') + "." + std::string(1000, '9');
  EXPECT_EQ(text(column_type::decimal, digits), digits);
}

TEST_F(encoding, refuses_what_is_no_plain_decimal) {
  for (const char* v : {"", "-", ".5", "5.", "1e3", "NaN", "Infinity", "1,5", " 1", "--1", "+1"}) {
    EXPECT_TRUE(text(column_type::decimal, v).starts_with("refused: ")) << v;
  }
  EXPECT_TRUE(text(column_type::decimal, "0." + std::string(16'384, '1')).starts_with("refused: "));
}

// covers: P5
TEST_F(encoding, keeps_instants_to_the_microsecond) {
  EXPECT_EQ(int64(column_type::timestamp, 0), "1970-01-01 00:00:00+00");
  EXPECT_EQ(int64(column_type::timestamp, 1'700'000'000'123'456), "2023-11-14 22:13:20.123456+00");
  EXPECT_EQ(int64(column_type::timestamp, -1), "1969-12-31 23:59:59.999999+00");
}

// covers: U21, P5
TEST_F(encoding, refuses_instants_that_would_become_infinity_or_wrap) {
  EXPECT_TRUE(
      int64(column_type::timestamp, std::numeric_limits<std::int64_t>::min()).starts_with("refused: "));
  EXPECT_EQ(int64(column_type::timestamp, std::numeric_limits<std::int64_t>::max()),
            "294247-01-10 04:00:54.775807+00");
}

// covers: P5
TEST_F(encoding, keeps_whole_numbers_to_the_ends_of_int64) {
  EXPECT_EQ(int64(column_type::int64, std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(int64(column_type::int64, std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
}

// covers: P5
TEST_F(encoding, keeps_text_byte_for_byte_and_refuses_nul) {
  EXPECT_EQ(text(column_type::text, "a\"b\\c\n\tä€😀"), "a\"b\\c\n\tä€😀");
  EXPECT_EQ(text(column_type::text, ""), "");
  EXPECT_TRUE(text(column_type::text, std::string_view("a\0b", 3)).starts_with("refused: "));
}

// covers: P5
TEST_F(encoding, keeps_numbers_inside_json_exact) {
  EXPECT_EQ(text(column_type::json, R"({"n": 12345678901234567890.10})"),
            R"({"n": 12345678901234567890.10})");
}

TEST_F(encoding, writes_nulls_dates_booleans_and_floats) {
  batch_builder b({{"d", column_type::date, false, {}}});
  b.date(0, -1);
  b.next_row();
  EXPECT_EQ(round_trip(column_type::date, b.finish()), "1969-12-31");
  batch_builder f({{"f", column_type::float64, false, {}}});
  f.float64(0, 0.1);
  f.next_row();
  EXPECT_EQ(round_trip(column_type::float64, f.finish()), "0.1");
  batch_builder t({{"t", column_type::boolean, false, {}}});
  t.boolean(0, true);
  t.next_row();
  EXPECT_EQ(round_trip(column_type::boolean, t.finish()), "true");
  batch_builder n({{"n", column_type::decimal, false, {}}});
  n.next_row();
  EXPECT_EQ(round_trip(column_type::decimal, n.finish()), "null");
}

TEST_F(encoding, reads_ids_and_refuses_what_is_none) {
  const auto out =
      database_->query("SELECT $1::uuid", {encode_uuid_text("6F9619FF-8b86-d011-b42d-00cf4fc964ff")});
  EXPECT_EQ(out.text(0, 0), "6f9619ff-8b86-d011-b42d-00cf4fc964ff");
  for (const char* v :
       {"", "x", "6f9619ff-8b86-d011-b42d-00cf4fc964f", "6f9619ff8b86d011b42d00cf4fc964ff00"}) {
    EXPECT_THROW((void)encode_uuid_text(v), engine::failure) << v;
  }
}

}  // namespace
}  // namespace sluice::store::postgres
