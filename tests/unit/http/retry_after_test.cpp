#include "http/retry_after.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::time_t now = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT
long long wait(const std::string& value, const std::string& date = "") { return parse_retry_after(value, date, now).count(); }

// covers: U1
TEST(retry_after, takes_seconds) { EXPECT_EQ(wait("7"), 7000); }
// covers: U1
TEST(retry_after, takes_a_date_against_our_clock) { EXPECT_EQ(wait("Tue, 14 Nov 2023 22:14:20 GMT"), 60'000); }
// covers: U1
TEST(retry_after, takes_a_date_against_the_answers_own_clock) {
  EXPECT_EQ(wait("Tue, 14 Nov 2023 23:00:10 GMT", "Tue, 14 Nov 2023 23:00:00 GMT"), 10'000);
}
// covers: U1
TEST(retry_after, never_waits_longer_than_fifteen_minutes) {
  EXPECT_EQ(wait("864000"), longest_wait.count());
  EXPECT_EQ(wait("99999999999999999999"), longest_wait.count());
  EXPECT_EQ(wait("Fri, 24 Nov 2033 22:13:20 GMT"), longest_wait.count());
}
// covers: U1
TEST(retry_after, ignores_what_makes_no_sense) {
  for (const char* value : {"", "-5", "0", "soon", "1.5.3", "Tue, 14 Nov 2023 22:13:00 GMT", "-99999999999999999999"}) {
    EXPECT_EQ(wait(value), 0) << value;
  }
}

}  // namespace
}  // namespace sluice::http
