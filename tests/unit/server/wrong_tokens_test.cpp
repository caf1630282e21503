// Who is wrong about tokens too often, and how much is remembered of it.
#include "server/wrong_tokens.hpp"

#include <gtest/gtest.h>

namespace sluice::server {

namespace {

constexpr std::int64_t second = 1'000'000;

}  // namespace

// covers: P16, A5
TEST(wrong_tokens, an_address_may_be_wrong_some_times_and_then_now_and_then) {
  wrong_tokens w(0.5, 3);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(w.count("a", 0).wait_us, 0);
  const auto beyond = w.count("a", 0);
  EXPECT_EQ(beyond.wait_us, 2 * second);
  EXPECT_TRUE(beyond.first);
  EXPECT_FALSE(w.count("a", second).first) << "said once";
  EXPECT_EQ(w.count("a", second).wait_us, second) << "who goes on does not wait longer";
  EXPECT_EQ(w.count("b", second).wait_us, 0) << "others have not been wrong";
  EXPECT_EQ(w.count("a", 2 * second).wait_us, 0);
  EXPECT_TRUE(w.count("a", 2 * second).first);
  for (int n = 0; n < 4; ++n)
    EXPECT_EQ(w.count("a", 1'000 * second).wait_us > 0, n == 3)
        << "who has been quiet for long has no more than at first";
  wrong_tokens any(0);
  for (int n = 0; n < 1'000; ++n) EXPECT_EQ(any.count("a", 0).wait_us, 0);
  EXPECT_EQ(any.remembered(), 0U);
}

// covers: P16, P25
TEST(wrong_tokens, whoever_has_many_addresses_fills_no_memory) {
  wrong_tokens w(1, 2, 100);
  std::int64_t refused = 0;
  for (int n = 0; n < 100'000; ++n) refused += w.count(std::to_string(n), n).wait_us > 0 ? 1 : 0;
  EXPECT_LE(w.remembered(), 101U);
  EXPECT_GT(refused, 99'000) << "those beyond what is remembered count as one";
  EXPECT_EQ(w.count("new", 60 * second).wait_us, 0);
  EXPECT_LE(w.remembered(), 2U) << "who has been quiet is forgotten";
}

TEST(wrong_tokens, a_network_is_counted_as_one) {
  const auto as = [](const char* text) { return counted_as(boost::asio::ip::make_address(text)); };
  EXPECT_EQ(as("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(as("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(as("2001:db8:1:2:3:4:5:6"), as("2001:db8:1:2::9"));
  EXPECT_NE(as("2001:db8:1:2::9"), as("2001:db8:1:3::9"));
}

}  // namespace sluice::server
