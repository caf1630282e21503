// The caps that hold without a word of anybody, each at its edge: one less, the same, one more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using testing::HasSubstr;

const std::string at = R"({"at":"/v"})";

// The only reject of a record with this value, or nothing.
std::string refused(std::string_view column, const std::string& json) {
  const decoded d = run(one_column(column, at), R"({"data":[{"id":"1","v":)" + json + "}]}");
  return d.out.rejects.empty() ? "" : d.refusal();
}

std::string times(std::size_t n, std::string_view text) {
  std::string out;
  for (; n > 0; --n) out += text;
  return out;
}

// covers: U18, P25
TEST(decode_limits, a_record_has_64_levels) {
  const auto nested = [](std::size_t levels) { return times(levels, "[") + times(levels, "]"); };
  EXPECT_EQ(refused("extra", nested(62)), "");
  EXPECT_EQ(refused("extra", nested(63)), "");  // the record itself is the 64th
  EXPECT_THAT(refused("extra", nested(64)), HasSubstr("is nested deeper than 64 levels"));
}

// covers: U20, P25
TEST(decode_limits, an_exponent_goes_to_400_either_way) {
  for (const std::string sign : {"", "+", "-"}) {
    EXPECT_EQ(refused("amount", "1e" + sign + "399"), "") << sign;
    EXPECT_EQ(refused("amount", "1e" + sign + "400"), "") << sign;
    EXPECT_THAT(refused("amount", "1e" + sign + "401"), HasSubstr("has an exponent beyond 400")) << sign;
    EXPECT_THAT(refused("extra", "[1e" + sign + "401]"), HasSubstr("has an exponent beyond 400")) << sign;
  }
  EXPECT_THAT(refused("amount", "1e131071"), HasSubstr("has an exponent beyond 400"));
  EXPECT_THAT(refused("amount", "1e" + times(400, "9")), HasSubstr("has an exponent beyond 400"));
}

// covers: U20, P25
TEST(decode_limits, a_number_has_1000_digits) {
  EXPECT_EQ(refused("amount", times(999, "7")), "");
  EXPECT_EQ(refused("amount", "0." + times(999, "7")), "");
  EXPECT_THAT(refused("amount", times(1001, "7")), HasSubstr("has more than 1000 digits"));
  EXPECT_THAT(refused("amount", "0." + times(1000, "7")), HasSubstr("has more than 1000 digits"));
}

// covers: U16, P25
TEST(decode_limits, a_page_has_10000_records) {
  const std::string spec = R"({"records":"/data","into":[]})";
  const auto page = [](std::size_t n) { return R"({"data":[)" + times(n - 1, "{},") + "{}]}"; };
  EXPECT_EQ(run(spec, page(9'999)).out.records, 9'999);
  EXPECT_EQ(run(spec, page(10'000)).out.records, 10'000);
  EXPECT_THAT(page_error(spec, page(10'001)), HasSubstr("more than 10000 records: ask for smaller pages"));
}

// covers: U16, P25
TEST(decode_limits, a_record_has_a_mebibyte) {
  const auto record = [](std::size_t bytes) {
    const std::string before = R"({"id":"1","v":")", after = R"("})";
    return before + std::string(bytes - before.size() - after.size(), 'x') + after;
  };
  for (const std::size_t n : {(1U << 20U) - 1, 1U << 20U, (1U << 20U) + 1}) {
    const decoded d = run(one_column("name", at), R"({"data":[)" + record(n) + "]}");
    EXPECT_EQ(d.out.rejected, n > 1U << 20U ? 1 : 0) << n;
  }
}

// covers: U22, P25
TEST(decode_limits, a_key_has_1024_bytes) {
  const auto key = [](std::size_t n) {
    return run(one_column("name", R"({"const":"x"})"),
               R"({"data":[{"id":")" + std::string(n, 'k') + R"("}]})");
  };
  EXPECT_EQ(key(1023).accepted("things"), 1);
  EXPECT_EQ(key(1024).accepted("things"), 1);
  EXPECT_THAT(key(1025).refusal(), HasSubstr("1024 bytes"));
}

}  // namespace
}  // namespace sluice::decode::test
