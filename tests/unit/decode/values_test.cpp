// What each JSON value becomes in a column of each type, or why it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using testing::StartsWith;

struct sample {
  std::string column, value, json, expected;  // expected: the cell, "null", or "! reason"
};

std::string outcome(const sample& s) {
  const decoded d = run(one_column(s.column, s.value), R"({"data":[{"id":"1","v":)" + s.json + "}]}");
  EXPECT_EQ(d.out.records, d.out.mapped + d.out.filtered + d.out.rejected);
  EXPECT_EQ(d.of("things").rejected, static_cast<std::int64_t>(d.out.rejects.size()));
  if (!d.out.rejects.empty()) {
    EXPECT_EQ(d.out.rejects[0].field, s.column);
    EXPECT_EQ(d.out.rejects[0].key, "1");
    return "! " + d.out.rejects[0].reason;
  }
  return d.cell("things", s.column).value_or("null");
}

void check(const std::vector<sample>& samples) {
  for (const sample& s : samples) {
    EXPECT_EQ(outcome(s), s.expected) << s.column << " " << s.value << " of " << s.json;
  }
}

const std::string at = R"({"at":"/v"})";
std::string read_as(const std::string& how) { return R"({"at":"/v",)" + how + "}"; }

// covers: P5, U22
TEST(decode_values, text_comes_byte_for_byte) {
  check({{"name", at, R"("")", ""},
         {"name", at, R"("  a b ")", "  a b "},
         {"name", at, R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
         {"name", at, R"("é\u00e9\u20ac\ud83d\ude00")", "éé€😀"},
         {"name", at, R"("a\u0001b")",
          "a\x01"
          "b"},
         {"name", at, "42", "42"},
         {"name", at, "18446744073709551616", "18446744073709551616"},
         {"name", at, "null", "null"},
         {"name", at, "1.50", "! expected text, got 1.50"},
         {"name", at, "true", "! expected text, got true"},
         {"name", at, "{}", "! expected text, got an object"},
         {"name", at, "[1]", "! expected text, got an array"},
         {"name", read_as(R"("as":"text")"), "1.50", "1.50"},
         {"name", read_as(R"("as":"text")"), "false", "false"},
         {"name", read_as(R"("as":"json")"), R"({ "a" : [1, 2.0 ,"x y"] })", R"({"a":[1,2.0,"x y"]})"},
         {"name", read_as(R"("as":"decimal","scale":-2)"), "1250", "12.50"},
         {"name", read_as(R"("as":"bool")"), "true", "true"}});
}

// covers: U8, U9, P5
TEST(decode_values, text_that_no_store_keeps_is_refused) {
  check({{"name", at, R"("a\u0000b")", R"(! holds the character U+0000, which no store keeps: "a\u0000b")"},
         {"name", at, R"("\ud800")", R"(! holds half of a surrogate pair, which is no character: "\ud800")"},
         {"name", at, R"("\udc00\ud800")",
          R"(! holds half of a surrogate pair, which is no character: "\udc00\ud800")"},
         {"name", at, R"("\ud800\u0041")",
          R"(! holds half of a surrogate pair, which is no character: "\ud800\u0041")"},
         {"name", at, R"("\x41")", R"(! holds an escape that JSON doesn't have: "\x41")"},
         {"name", at, R"("\u12g4")", R"(! holds an escape that JSON doesn't have: "\u12g4")"},
         {"extra", at, R"(["\u0000"])", R"(! holds the character U+0000, which no store keeps: "\u0000")"}});
}

// covers: U19, P5
TEST(decode_values, ints_are_exact_or_refused) {
  check({{"count", at, "0", "0"},
         {"count", at, "-0", "0"},
         {"count", at, "9007199254740993", "9007199254740993"},
         {"count", at, "9223372036854775807", "9223372036854775807"},
         {"count", at, "-9223372036854775808", "-9223372036854775808"},
         {"count", at, "9223372036854775808", "! is out of the range of int: 9223372036854775808"},
         {"count", at, "1e3", "1000"},
         {"count", at, "5.0", "5"},
         {"count", at, "5.5", "! expected int, got 5.5"},
         {"count", at, R"("12")", "12"},
         {"count", at, R"("abc")", R"(! expected int, got "abc")"},
         {"count", at, R"("")", R"(! expected int, got "")"},
         {"count", at, R"("007")", R"(! expected int, got "007")"},
         {"count", at, "true", "! expected int, got true"},
         {"count", at, "[]", "! expected int, got an array"},
         {"count", read_as(R"("negate":true)"), "9", "-9"},
         {"count", read_as(R"("scale":2)"), "1.25", "125"},
         {"count", read_as(R"("as":"rfc3339")"), R"("1970-01-01T00:00:01Z")", "1000000"}});
}

// covers: U19, P5
TEST(decode_values, decimals_keep_every_digit_and_their_scale) {
  const std::string digits(40, '7');
  check({{"amount", at, "12.50", "12.50"},
         {"amount", at, digits + "." + digits, digits + "." + digits},
         {"amount", at, "0.1", "0.1"},
         {"amount", at, "-0", "0"},
         {"amount", at, "-0.00", "0.00"},
         {"amount", at, "-1.0", "-1.0"},
         {"amount", at, "1E+2", "100"},
         {"amount", at, "1.50e3", "1500"},
         {"amount", at, "1.50e1", "15.0"},
         {"amount", at, "15e-1", "1.5"},
         {"amount", at, "-1e-3", "-0.001"},
         {"amount", at, "0e5", "0"},
         {"amount", at, "1e400", "1" + std::string(400, '0')},
         {"amount", at, "1e401", "! has an exponent beyond 400: 1e401"},
         {"amount", at, "1e-401", "! has an exponent beyond 400: 1e-401"},
         {"amount", at, "1e99999999999999999999", "! has an exponent beyond 400: 1e99999999999999999999"},
         {"amount", at, R"("12.50")", "12.50"},
         {"amount", at, R"("12,50")", R"(! expected decimal, got "12,50")"},
         {"amount", at, R"(" 1")", R"(! expected decimal, got " 1")"},
         {"amount", at, R"("NaN")", R"(! expected decimal, got "NaN")"},
         {"amount", read_as(R"("scale":-2)"), "1250", "12.50"},
         {"amount", read_as(R"("scale":-2)"), "5", "0.05"},
         {"amount", read_as(R"("scale":-2,"negate":true)"), "-5", "0.05"},
         {"amount", read_as(R"("negate":true)"), "0.0", "0.0"},
         {"amount", read_as(R"("as":"int")"), "1.5", "! expected int, got 1.5"}});
}

// covers: U20, P25
TEST(decode_values, a_number_has_at_most_a_thousand_digits) {
  const std::string most(1000, '9');
  check({{"amount", at, most, most}});
  EXPECT_THAT(outcome({"amount", at, most + "9", ""}), StartsWith("! has more than 1000 digits"));
}

// covers: U19, P5
TEST(decode_values, floats_are_the_nearest_double) {
  check({{"ratio", at, "0.5", "0.500000"},
         {"ratio", at, "1e-400", "0.000000"},
         {"ratio", at, "1e400", "! is out of the range of float: 1e400"},
         {"ratio", at, R"("2.5")", "2.500000"},
         {"ratio", at, R"("inf")", R"(! expected float, got "inf")"}});
}

TEST(decode_values, bools_are_true_and_false_alone) {
  check({{"flag", at, "true", "true"},
         {"flag", at, "false", "false"},
         {"flag", at, R"("true")", "true"},
         {"flag", at, "1", "! expected bool, got 1"},
         {"flag", at, R"("yes")", R"(! expected bool, got "yes")"}});
}

// covers: U21, P5
TEST(decode_values, instants_with_any_offset_are_utc_microseconds) {
  const auto bad = [](const std::string& s) {
    return sample{"at", at, s, "! expected a time with zone such as 2026-01-31T08:00:00Z, got " + s};
  };
  check({{"at", at, R"("1970-01-01T00:00:00Z")", "0"},
         {"at", at, R"("1970-01-01t00:00:00z")", "0"},
         {"at", at, R"("1970-01-01 00:00:00Z")", "0"},
         {"at", at, R"("1970-01-01T05:30:00+0530")", "0"},
         {"at", at, R"("1970-01-01T05:30:00+05:30")", "0"},
         {"at", at, R"("1969-12-31T16:00:00-08:00")", "0"},
         {"at", at, R"("1970-01-01T00:00:00-00:00")", "0"},
         {"at", at, R"("1970-01-01T00:00:00.1234567899Z")", "123456"},
         {"at", at, R"("1969-12-31T23:59:59.9999999Z")", "-1"},
         {"at", at, R"("2016-12-31T23:59:60Z")", "1483228800000000"},
         {"at", at, R"("2017-01-01T00:59:60+01:00")", "1483228800000000"},
         {"at", at, R"("0001-01-01T00:00:00Z")", "-62135596800000000"},
         {"at", at, R"("9999-12-31T23:59:59.999999Z")", "253402300799999999"},
         {"at", at, R"("2024-02-29T00:00:00Z")", "1709164800000000"},
         bad(R"("2023-02-29T00:00:00Z")"),
         bad(R"("2024-01-01T00:00:00")"),
         bad(R"("2024-01-01")"),
         bad(R"("0000-12-31T00:00:00Z")"),
         bad(R"("0001-01-01T00:00:00+14:00")"),
         bad(R"("2024-01-01T24:00:00Z")"),
         bad(R"("2024-01-01T12:00:60Z")"),
         bad(R"("2024-01-01T12:00:00.Z")"),
         bad(R"("2024-01-01T12:00:00+5")"),
         bad(R"("292277026596-01-01T00:00:00Z")"),
         bad("1700000000"),
         bad(R"("")")});
}

// covers: U21, P5
TEST(decode_values, epochs_are_exact_and_floored) {
  const std::string s = read_as(R"("as":"epoch_s")"), ms = read_as(R"("as":"epoch_ms")");
  check({{"at", s, "1700000000", "1700000000000000"},
         {"at", s, "1700000000.1234569", "1700000000123456"},
         {"at", s, "-0.0000001", "-1"},
         {"at", s, "1.7e9", "1700000000000000"},
         {"at", s, R"("1700000000")", "1700000000000000"},
         {"at", ms, "1700000000123", "1700000000123000"},
         {"at", ms, "1700000000123.4567", "1700000000123456"},
         {"at", s, "1700000000000000", "! is out of the years 0001 to 9999: 1700000000000000"},
         {"at", s, "1e300", "! is out of the years 0001 to 9999: 1e300"},
         {"at", s, "true", "! expected seconds since 1970, got true"},
         {"at", s, R"("2024-01-01T00:00:00Z")",
          R"(! expected seconds since 1970, got "2024-01-01T00:00:00Z")"}});
}

// covers: U21, P5
TEST(decode_values, dates_are_days) {
  check({{"born", at, R"("1970-01-02")", "1"},
         {"born", at, R"("1969-12-31")", "-1"},
         {"born", at, R"("2024-02-30")", R"(! expected a date such as 2026-01-31, got "2024-02-30")"},
         {"born", at, "1", "! expected a date such as 2026-01-31, got 1"},
         {"born", read_as(R"("as":"rfc3339")"), R"("1969-12-31T23:00:00Z")", "-1"}});
}

// covers: P5
TEST(decode_values, json_is_kept_raw_without_its_white_space) {
  check({{"extra", at, R"({ "b" : 1.50 , "a" : [ true , null , "x y\n" ] })",
          R"({"b":1.50,"a":[true,null,"x y\n"]})"},
         {"extra", at, R"("text")", R"("text")"},
         {"extra", at, "1e2", "1e2"},
         {"extra", at, "{}", "{}"},
         {"extra", at, "null", "null"},
         {"extra", at, "[1e999]", "! has an exponent beyond 400: 1e999"},
         {"extra", at, R"({"\ud800":1})",
          R"(! holds half of a surrogate pair, which is no character: "\ud800")"}});
}

}  // namespace
}  // namespace sluice::decode::test
