#include <gmock/gmock.h>

#include <sluice/testing/domain_contract.hpp>

#include "sluice_plugin.hpp"

namespace {

using ::testing::IsEmpty;
namespace testkit = sluice::testkit;
using entity = streams::entities::stream;
using membership = streams::memberships::stream;

class entities : public ::testing::Test {
 protected:
  testkit::domain rules_{testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "entities", "{}"};

  testkit::transformed one(testkit::record r) {
    r.try_emplace("kind", "user");
    r.try_emplace("external_id", "u-1");
    return rules_.transform<entity>({r});
  }
};

testkit::record member(const char* container, const char* id) {
  return {{"external_id", "m"},    {"container.kind", container}, {"container.external_id", id},
          {"member.kind", "user"}, {"member.external_id", "u-1"}, {"role", "owner"}};
}

TEST_F(entities, keep_a_tidy_row_as_it_is) {
  const auto out = one({{"name", "Zoë 李"}, {"email", "Zoe@acme.example"}, {"enabled", "true"}});
  EXPECT_TRUE(out.untouched);
  EXPECT_THAT(out.rejected, IsEmpty());
}

TEST_F(entities, lower_only_the_host_of_an_email) {
  EXPECT_EQ(one({{"email", "  Zoe@ACME.example "}}).rows[0].at("email"), "Zoe@acme.example");
}

TEST_F(entities, reject_what_is_not_one_email_address) {
  for (const char* wrong : {"zoe", "@acme.example", "zoe@", "a@b@c", "zoe smith@acme.example"}) {
    const auto out = one({{"email", wrong}});
    ASSERT_EQ(out.rejected.size(), 1U) << wrong;
    EXPECT_EQ(out.rejected[0].field, "email");
    EXPECT_EQ(out.rejected[0].reason, "is not one e-mail address");
  }
}

TEST_F(entities, turn_blank_names_and_emails_into_nothing) {
  const auto out = one({{"name", " \t"}, {"email", "  "}});
  EXPECT_THAT(out.rejected, IsEmpty());
  EXPECT_FALSE(out.rows[0].contains("name"));
  EXPECT_FALSE(out.rows[0].contains("email"));
}

TEST_F(entities, reject_a_kind_that_is_not_configured) {
  const auto out = one({{"kind", "robot"}});
  ASSERT_EQ(out.rejected.size(), 1U);
  EXPECT_EQ(out.rejected[0].reason, "is `robot`; the kinds are user, organization, group, service");
  testkit::domain robots(testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "entities", R"({"kinds": ["robot"]})");
  EXPECT_THAT(robots.transform<entity>({{{"kind", "robot"}, {"external_id", "r2"}}}).rejected, IsEmpty());
}

TEST_F(entities, forget_the_kind_of_a_parent_that_is_not_there) {
  const auto out = one({{"parent.kind", "group"}});
  EXPECT_FALSE(out.rows[0].contains("parent.kind"));
  EXPECT_TRUE(one({{"parent.kind", "group"}, {"parent.external_id", "4"}}).untouched);
}

TEST_F(entities, look_only_at_the_key_of_a_deleted_row) {
  EXPECT_THAT(one({{"email", "gone"}, {"_deleted", "true"}}).rejected, IsEmpty());
  EXPECT_EQ(one({{"kind", "robot"}, {"_deleted", "true"}}).rejected.size(), 1U);
}

TEST_F(entities, let_nobody_contain_themselves) {
  const auto out = rules_.transform<membership>({member("organization", "17"), member("user", "u-1")});
  ASSERT_EQ(out.rejected.size(), 1U);
  EXPECT_EQ(out.rejected[0], (testkit::refusal{1, "member.external_id", "is its own container"}));
}

TEST_F(entities, reject_memberships_of_unknown_kinds) {
  EXPECT_EQ(rules_.transform<membership>({member("planet", "3")}).rejected.at(0).field, "container.kind");
}

TEST_F(entities, keep_the_contract) {
  EXPECT_THAT(
      testkit::broken_promises<entity>(
          rules_, {{{"kind", "user"},
                    {"external_id", "1"},
                    {"email", " A@B "},
                    {"created_at", "2026-01-02T03:04:05Z"}},
                   {{"kind", "robot"}, {"external_id", "2"}},
                   {{"kind", "group"}, {"external_id", "3"}, {"name", " "}, {"parent.kind", "group"}},
                   {{"kind", "user"}, {"external_id", "4"}, {"enabled", "false"}, {"attributes", "{}"}}}),
      IsEmpty());
  EXPECT_THAT(
      testkit::broken_promises<membership>(rules_, {member("organization", "17"), member("planet", "3")}),
      IsEmpty());
}

}  // namespace
