#include <gtest/gtest.h>

#include <sluice/decimal.hpp>
#include <sluice/text.hpp>

namespace {

using sluice::decimal;

TEST(decimal_text, is_plain_or_not) {
  for (const char* yes :
       {"0", "-0", "12.50", "-0.003", "00012", "1234567890123456789012345678901234567890"}) {
    EXPECT_TRUE(decimal(yes).plain()) << yes;
  }
  for (const char* no : {"", "-", "+1", ".5", "5.", "1.2.3", "1e3", "NaN", " 1", "1 ", "--1", "0x1", "1,5"}) {
    EXPECT_FALSE(decimal(no).plain()) << no;
  }
}

TEST(decimal_text, knows_its_sign) {
  EXPECT_TRUE(decimal("-0.001").negative());
  EXPECT_FALSE(decimal("-0.00").negative());
  EXPECT_FALSE(decimal("3").negative());
  EXPECT_TRUE(decimal("0.00").zero());
}

TEST(text, trims_and_changes_ascii_only) {
  EXPECT_EQ(sluice::trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(sluice::trim(" \n"), "");
  EXPECT_TRUE(sluice::blank(" \v\f"));
  EXPECT_FALSE(sluice::blank("\u00a0"));
  EXPECT_EQ(sluice::to_upper("aZ1é"), "AZ1é");
  EXPECT_EQ(sluice::to_lower("Az1É"), "az1É");
}

}  // namespace
