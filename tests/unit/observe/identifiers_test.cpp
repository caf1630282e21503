#include "observe/identifiers.hpp"

#include <gtest/gtest.h>

namespace sluice::observe {

TEST(correlation_id, names_tenant_time_and_chance) {
  EXPECT_EQ(correlation_id("acme", 1700000000123, 0xdeadbeefcafef00d), "sync-acme-1700000000123-cafef00d");
  EXPECT_EQ(correlation_id("acme", 0, 7), "sync-acme-0-00000007");
}

// covers: A13
TEST(correlation_id, from_outside_is_checked) {
  EXPECT_TRUE(valid_correlation_id("sync-acme-1700000000123-cafef00d"));
  EXPECT_TRUE(valid_correlation_id(std::string(128, 'a')));
  EXPECT_FALSE(valid_correlation_id(""));
  EXPECT_FALSE(valid_correlation_id(std::string(129, 'a')));
  EXPECT_FALSE(valid_correlation_id("a b"));
  EXPECT_FALSE(valid_correlation_id("a\r\nX-Admin: 1"));
}

TEST(uuid_v7, has_version_variant_and_time) {
  EXPECT_EQ(uuid_v7(0x018bcfe56800, 0xfff, 0), "018bcfe5-6800-7fff-8000-000000000000");
  EXPECT_EQ(uuid_v7(0x018bcfe56800, ~0ULL, ~0ULL), "018bcfe5-6800-7fff-bfff-ffffffffffff");
}

TEST(uuid_v7, sorts_by_time) {
  EXPECT_LT(uuid_v7(1700000000000, ~0ULL, ~0ULL), uuid_v7(1700000000001, 0, 0));
}

}  // namespace sluice::observe
