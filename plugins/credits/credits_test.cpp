#include <gmock/gmock.h>

#include <sluice/testing/domain_contract.hpp>

#include "sluice_plugin.hpp"

namespace {

using ::testing::IsEmpty;
namespace testkit = sluice::testkit;
using credit = streams::entity_credits::stream;

testkit::record grant(testkit::record changes = {}) {
  changes.merge(testkit::record{{"external_id", "c-1"},
                                {"kind", "grant"},
                                {"amount", "12.50"},
                                {"entity.kind", "user"},
                                {"entity.external_id", "u-1"}});
  if (!changes.contains("unit")) changes.emplace("currency", "EUR");
  return changes;
}

class credits : public ::testing::Test {
 protected:
  testkit::domain rules_{testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "credits", "{}"};
  testkit::domain minor_{testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "credits",
                         R"({"minor_units": true, "minor_unit_digits": {"ISK": 2}})"};

  testkit::transformed one(const testkit::record& changes) {
    return rules_.transform<credit>({grant(changes)});
  }
  // "field reason", or "" when it is accepted
  std::string why(const testkit::record& changes) {
    const auto out = one(changes);
    return out.rejected.empty() ? "" : out.rejected[0].field + " " + out.rejected[0].reason;
  }
};

// covers: P5
TEST_F(credits, keep_digits_and_scale) {
  for (const char* amount :
       {"12.50", "0.000000000000000000000000000000000001", "1234567890123456789012345678901234567890"}) {
    const auto out = one({{"amount", amount}});
    EXPECT_TRUE(out.untouched);
    EXPECT_EQ(out.rows[0].at("amount"), amount);
  }
}

TEST_F(credits, reject_amounts_that_are_not_plain) {
  EXPECT_EQ(why({{"amount", "1e3"}}), "amount is not a plain decimal number: 1e3");
  for (const char* wrong : {"", "-", ".5", "5.", "1,5", "+1", "--1", "NaN", "1.2.3"})
    EXPECT_NE(why({{"amount", wrong}}), "") << wrong;
}

TEST_F(credits, let_balances_be_negative_but_not_grants) {
  EXPECT_EQ(why({{"amount", "-3"}}), "amount of a grant is negative: -3");
  EXPECT_EQ(why({{"amount", "-3"}, {"kind", "balance"}}), "");
  EXPECT_EQ(why({{"amount", "-0.00"}}), "");
}

TEST_F(credits, need_a_kind_that_there_is) {
  EXPECT_EQ(why({{"kind", "gift"}}), "kind is `gift`; use grant or balance");
}

TEST_F(credits, count_in_exactly_one_of_unit_and_currency) {
  EXPECT_EQ(why({{"unit", "api_calls"}, {"currency", "EUR"}}),
            "unit and currency are both given; only one can be");
  EXPECT_EQ(why({{"currency", " "}}), "unit and currency are both missing; one is needed");
  EXPECT_EQ(why({{"unit", "api_calls"}}), "");
}

TEST_F(credits, write_currencies_in_capitals) {
  EXPECT_EQ(one({{"currency", " eur"}}).rows[0].at("currency"), "EUR");
  EXPECT_EQ(why({{"currency", "EURO"}}), "currency is not a code of three letters: EURO");
  EXPECT_EQ(why({{"currency", "E1R"}}), "currency is not a code of three letters: E1R");
}

TEST_F(credits, expire_after_they_begin) {
  EXPECT_EQ(why({{"effective_at", "2026-01-02T00:00:00Z"}, {"expires_at", "2026-01-02T00:00:00Z"}}),
            "expires_at is not after effective_at");
  EXPECT_EQ(why({{"effective_at", "2026-01-02T00:00:00Z"}, {"expires_at", "2026-01-02T00:00:00.000001Z"}}),
            "");
  EXPECT_EQ(why({{"expires_at", "2026-01-02T00:00:00Z"}}), "");
}

TEST_F(credits, look_only_at_the_key_of_a_deleted_row) {
  EXPECT_EQ(why({{"amount", "x"}, {"_deleted", "true"}}), "");
}

// covers: P5
TEST_F(credits, count_minor_units_by_currency) {
  const auto stored = [&](const char* amount, const char* currency) {
    return minor_
        .transform<credit>({grant({{"amount", amount}, {"currency", currency}, {"kind", "balance"}})})
        .rows[0]
        .at("amount");
  };
  EXPECT_EQ(stored("1250", "eur"), "12.50");
  EXPECT_EQ(stored("-5", "EUR"), "-0.05");
  EXPECT_EQ(stored("0", "USD"), "0.00");
  EXPECT_EQ(stored("12.5", "USD"), "0.125");
  EXPECT_EQ(stored("1250", "JPY"), "1250");
  EXPECT_EQ(stored("1250", "kwd"), "1.250");
  EXPECT_EQ(stored("123456", "CLF"), "12.3456");
  EXPECT_EQ(stored("1250", "ISK"), "12.50") << "as the configuration says";
  EXPECT_EQ(stored("123456789012345678901234567890", "EUR"), "1234567890123456789012345678.90");
}

TEST_F(credits, leave_units_as_they_are_beside_minor_units) {
  const auto out = minor_.transform<credit>({grant({{"amount", "1250"}, {"unit", "api_calls"}})});
  EXPECT_EQ(out.rows[0].at("amount"), "1250");
}

TEST_F(credits, keep_the_contract) {
  EXPECT_THAT(testkit::broken_promises<credit>(
                  rules_, {grant(), grant({{"amount", "-1"}}), grant({{"currency", "usd"}}),
                           grant({{"unit", " calls "}}), grant({{"kind", "gift"}}),
                           grant({{"voided_at", "2026-01-02T03:04:05.000006Z"}})}),
              IsEmpty());
}

}  // namespace
