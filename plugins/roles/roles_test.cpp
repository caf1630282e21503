#include <gmock/gmock.h>

#include <sluice/testing/domain_contract.hpp>

#include "sluice_plugin.hpp"

namespace {

using ::testing::IsEmpty;
namespace testkit = sluice::testkit;
using role = streams::roles::stream;
using part = streams::role_parts::stream;
using assignment = streams::role_assignments::stream;

testkit::record given(testkit::record changes = {}) {
  changes.merge(testkit::record{{"external_id", "a-1"},
                                {"entity.kind", "user"},
                                {"entity.external_id", "u-1"},
                                {"role.external_id", "r 3/ü%"},
                                {"granted_at", "2026-01-02T03:04:05Z"}});
  return changes;
}

class roles : public ::testing::Test {
 protected:
  testkit::domain rules_{testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "roles", "{}"};

  template <class Stream>
  std::string why(const testkit::record& r) {
    const auto out = rules_.transform<Stream>({r});
    return out.rejected.empty() ? "" : out.rejected[0].field + " " + out.rejected[0].reason;
  }
};

TEST_F(roles, have_a_name) {
  EXPECT_EQ(why<role>({{"external_id", "r"}, {"name", "\t "}}), "name is blank");
  EXPECT_EQ(why<role>({{"external_id", "r"}}), "name is blank");
  EXPECT_EQ(why<role>({{"external_id", "r"}, {"name", "owner"}}), "");
  EXPECT_EQ(why<role>({{"external_id", "r"}, {"_deleted", "true"}}), "");
}

TEST_F(roles, turn_a_blank_scope_into_none) {
  const auto out = rules_.transform<role>({{{"external_id", "r"}, {"name", "owner"}, {"scope", " "}}});
  EXPECT_FALSE(out.rows[0].contains("scope"));
}

TEST_F(roles, are_no_part_of_themselves) {
  EXPECT_EQ(why<part>({{"role.external_id", "r"}, {"part.external_id", "r"}}),
            "part.external_id is the role itself");
  EXPECT_EQ(why<part>({{"role.external_id", "r"}, {"part.external_id", "s"}}), "");
}

TEST_F(roles, are_given_in_a_whole_scope_or_none) {
  EXPECT_EQ(why<assignment>(given()), "");
  EXPECT_EQ(why<assignment>(given({{"scope_kind", "organization"}, {"scope_id", "17"}})), "");
  EXPECT_EQ(why<assignment>(given({{"scope_kind", "organization"}})),
            "scope_id is missing, but scope_kind is given");
  EXPECT_EQ(why<assignment>(given({{"scope_id", "17"}})), "scope_kind is missing, but scope_id is given");
}

TEST_F(roles, expire_after_they_were_given) {
  EXPECT_EQ(why<assignment>(given({{"expires_at", "2026-01-02T03:04:05Z"}})),
            "expires_at is not after granted_at");
  EXPECT_EQ(why<assignment>(given({{"expires_at", "2026-01-02T03:04:06Z"}})), "");
}

TEST_F(roles, keep_the_contract) {
  EXPECT_THAT(testkit::broken_promises<role>(
                  rules_, {{{"external_id", "r"}, {"name", "owner"}, {"composite", "true"}},
                           {{"external_id", "s"}, {"name", " "}},
                           {{"external_id", "t"}, {"name", "x"}, {"scope", ""}}}),
              IsEmpty());
  EXPECT_THAT(
      testkit::broken_promises<part>(rules_, {{{"role.external_id", "r"}, {"part.external_id", "r"}},
                                              {{"role.external_id", "r"}, {"part.external_id", "s"}}}),
      IsEmpty());
  EXPECT_THAT(testkit::broken_promises<assignment>(rules_, {given(), given({{"scope_id", "17"}})}),
              IsEmpty());
}

}  // namespace
