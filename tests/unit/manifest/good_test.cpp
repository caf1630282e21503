// What a right manifest becomes.
#include <algorithm>

#include <gtest/gtest.h>

#include "fake_catalog.hpp"

namespace sluice::manifest {
namespace {

using namespace testing;
using nlohmann::json;

pipeline good(const std::string& name) {
  const check_result r =
      check_file((here() / "good" / (name + ".yaml")).string(), fake_catalog(), fake_environment());
  EXPECT_TRUE(r.ok()) << render_text(r.diagnostics);
  return r.pipeline.value_or(pipeline{});
}

json decode_of(const pipeline& p, const std::string& stage) {
  const read* r = p.find_read(stage);
  EXPECT_NE(r, nullptr) << stage;
  return r == nullptr ? json() : json::parse(r->decode);
}

TEST(sign_in, has_the_values_that_stand_in_it) {
  const pipeline p = good("sign-in");
  EXPECT_EQ(p.name, "sign-in");
  EXPECT_EQ(p.hash.size(), 64U);
  EXPECT_EQ(p.store.uses, "sqlite");
  EXPECT_TRUE(p.tenants.known.at("acme").critical);
  EXPECT_EQ(p.tenants.known.at("acme").secrets.at("crm"), "${secret:env:ACME_TOKEN}");
  const source& crm = *p.find_source("crm");
  EXPECT_EQ(json::parse(crm.config), (json{{"base_url", "https://crm.example:8443"},
                                           {"auth", {{"bearer", "${tenant.secrets.crm}"}}}}));
  EXPECT_DOUBLE_EQ(crm.limits.rate_per_second, 50);
  EXPECT_DOUBLE_EQ(crm.limits.essential_reserved, 0.25);
  EXPECT_EQ(crm.retry.base_us, 200'000);
  EXPECT_EQ(crm.retry.cap_us, 30'000'000);
  EXPECT_TRUE(p.find_domain("credits")->critical);
  EXPECT_EQ(p.essential.deadline_us, 3'000'000);
  EXPECT_EQ(p.essential.fresh_for_us, 60'000'000);
  EXPECT_EQ(p.background.fresh_for_us, 900'000'000);
  EXPECT_EQ(p.every_us, 900'000'000);
  EXPECT_TRUE(p.notify.empty()) << "an empty address is left out";
  EXPECT_EQ(p.alerts.at(1).over, 10'000'000);
  EXPECT_EQ(p.alerts.at(3).severity, "critical");
}

TEST(sign_in, routes_by_the_rule_that_stands_in_it) {
  const pipeline p = good("sign-in");
  ASSERT_EQ(p.routing.rules.size(), 1U);
  const routing_rule& rule = p.routing.rules[0];
  EXPECT_EQ(p.routing.fallback, "direct");
  EXPECT_FALSE(rule.enabled);
  EXPECT_TRUE(rule.only.empty());
  EXPECT_DOUBLE_EQ(rule.share, 1.0);
  EXPECT_EQ(rule.when.at(0).subject, "tenant.users");
  EXPECT_EQ(rule.when.at(0).threshold, 1000);
  EXPECT_EQ(rule.when.at(2).threshold, 30'000'000);
  EXPECT_EQ(rule.when.at(4).type, condition::value::flag);
  EXPECT_EQ(p.routing.when_unavailable.at("temporal").use, "direct");
  EXPECT_EQ(p.routing.when_unavailable.at("temporal").after_us, 2'000'000);
}

TEST(sign_in, gives_children_their_parent_and_its_condition) {
  const pipeline p = good("sign-in");
  const json roles = decode_of(p, "roles.roles");
  EXPECT_EQ(roles["children"],
            json::parse(R"([{"stage":"roles.members","if":[{"at":"/composite","is":true}]}])"));
  EXPECT_EQ(p.find_read("roles.members")->parents, std::vector<std::string>{"roles.roles"});
  EXPECT_EQ(decode_of(p, "roles.members")["into"][0]["map"]["role.external_id"],
            (json{{"template", "${parent.id}"}}));
  EXPECT_EQ(p.find_read("entities.users")->incremental->lag_us, 30'000'000);
  EXPECT_DOUBLE_EQ(p.find_read("entities.users")->rejects.max, 0.5);
  EXPECT_DOUBLE_EQ(p.find_read("credits.grants")->rejects.max, 0.05);
  EXPECT_EQ(p.find_read("credits.grants")->rejects.floor, 10);
  EXPECT_EQ(json::parse(p.find_read("entities.users")->subject->decode)["records"], "");
}

TEST(everything, normalizes_each_form_of_a_value) {
  const json users = decode_of(good("everything"), "people.users");
  EXPECT_EQ(users["parse"], json::parse(R"(["/profile"])"));
  EXPECT_EQ(json::parse(good("everything").find_read("wallets.grants")->subject->decode)["parse"], (json{"/detail"}));
  EXPECT_EQ(users["where"], json::parse(R"([{"at":"/hidden","not":true}])"));
  EXPECT_EQ(users["keep"], json::parse(R"({"id":{"at":"/id"},"key":{"template":"u/${tenant}"}})"));
  EXPECT_EQ(users["into"][0]["map"], json::parse(R"({
    "kind": {"const":"user"}, "external_id": {"at":"/id"}, "enabled": {"const":true},
    "name": {"concat":[{"at":"/first"},{"const":" "},{"at":"/last"}]},
    "email": {"at":"/emails","first":[{"at":"/primary","is":true}],"then":"/value","default":"none"},
    "updated_at": {"at":"/updated","as":"epoch_ms"}, "score": {"const":"0.10"}, "logins": {"any":[{"at":"/logins","negate":true},{"at":"/count"},{"const":0}]},
    "profile": {"at":""}, "parent.kind": {"const":"group"}, "parent.external_id": {"at":"/group"},
    "source_version": {"at":"/version"}})"));
  EXPECT_EQ(users["into"][0]["attributes"], json::parse(R"(["/locale","/phone"])"));
  EXPECT_EQ(users["into"][1]["where"],
            json::parse(R"([{"at":"","exists":true},{"at":"${team}","prefix":"t."}])"));
  EXPECT_EQ(users["into"][1]["explode"], json::parse(R"([{"at":"/units"},{"at":"/teams","key":"team"}])"));
  EXPECT_EQ(users["into"][1]["map"]["container.external_id"], (json{{"template", "${team}"}}));
  EXPECT_EQ(users["into"][1]["map"]["member.external_id"], (json{{"at", "^^/id"}}));
}

TEST(everything, gives_plugins_values_of_the_type_they_ask_for) {
  const pipeline p = good("everything");
  const json config = json::parse(p.find_source("crm")->config);
  EXPECT_EQ(config["base_url"], "https://crm.example:8080");
  EXPECT_EQ(config["port"], 8080);
  EXPECT_EQ(config["compress"], true);
  EXPECT_EQ(config["headers"]["x-realm"], "${tenant.vars.realm}");
  EXPECT_EQ(config["headers"]["X-Plain"], "$${not a reference}") << "it is expanded later, once";
  EXPECT_EQ(config["auth"]["basic"]["password"], "");
  EXPECT_EQ(json::parse(p.find_domain("people")->config)["kinds"], (json{"user", "group"}));
  EXPECT_EQ(p.store.dsn, "${secret:env:DATABASE_URL}");
  EXPECT_DOUBLE_EQ(p.find_source("crm")->limits.rate_per_second, 10);
}

// covers: P22, M8
TEST(everything, never_expands_a_value_of_the_environment_again) {
  const pipeline p = good("everything");
  EXPECT_EQ(p.tenants.known.at("acme").vars.at("realm"), "a ${tenant} and $${x}: [1, 2]");
  const std::string text =
      "sluice: 1\nname: n\nstore: { uses: sqlite, path: x }\ntenants: { a: {} }\n"
      "sources: { s: { uses: files, root: \"/d/${env:TRICKY}\" } }\n"
      "domains: { roles: { uses: roles, reads: { roles: { from: s, request: { path: p }, into: [ { stream: "
      "roles, map: "
      "{ external_id: /id, name: \"${env:TRICKY} ${tenant}\" } } ] } } } }\n"
      "phases: { background: { sync: [ roles ] } }\nbackends: { b: { uses: direct } }\n";
  const check_result r = check_text("x.yaml", text, fake_catalog(), fake_environment());
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  EXPECT_EQ(json::parse(r.pipeline->sources[0].config)["root"], "/d/a $${tenant} and $$${x}: [1, 2]");
  EXPECT_EQ(decode_of(*r.pipeline, "roles.roles")["into"][0]["map"]["name"],
            (json{{"template", "a $${tenant} and $$${x}: [1, 2] ${tenant}"}}));
}

TEST(everything, puts_parents_before_children_and_lets_a_read_descend) {
  const pipeline p = good("everything");
  std::vector<std::string> seen;
  for (const read& r : p.reads) {
    for (const std::string& parent : r.parents) {
      EXPECT_TRUE(parent == r.stage || std::ranges::find(seen, parent) != seen.end())
          << r.stage << " before " << parent;
    }
    seen.push_back(r.stage);
  }
  const json children =
      json::parse(R"([{"stage":"people.subgroups","if":[{"at":"/subGroupCount","not":0}]}])");
  EXPECT_EQ(decode_of(p, "people.groups")["children"], children);
  EXPECT_EQ(decode_of(p, "people.subgroups")["children"], children);
  EXPECT_EQ(decode_of(p, "people.users")["children"][0]["stage"], "wallets.grants");
}

TEST(everything, may_choose_what_becomes_of_rows_without_a_parent) {
  const pipeline p = good("everything");
  const std::vector<missing_parent>& missing = p.find_read("people.users")->missing;
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].stream + " " + missing[0].reference + " " + missing[0].to,
            "memberships container entities");
  EXPECT_TRUE(missing[0].rejects);
  EXPECT_EQ(missing[1].reference, "member");
  EXPECT_FALSE(missing[1].rejects);
}

TEST(everything, takes_the_plugins_own_read_where_the_manifest_is_silent) {
  const pipeline p = good("everything");
  const json d = decode_of(p, "people.organizations");
  EXPECT_EQ(d["records"], "/data");
  EXPECT_EQ(d["into"][0]["map"]["kind"], (json{{"const", "organization"}}));
  EXPECT_EQ(json::parse(p.find_read("people.organizations")->request)["path"],
            "/v1/tenants/${tenant}/organizations");
}

TEST(everything, knows_what_can_be_read_for_one_subject) {
  const pipeline p = good("everything");
  EXPECT_EQ(p.essential.items.at(0).subject_stages, std::vector<std::string>{"wallets.grants"});
  EXPECT_EQ(p.background.items.at(0).deletes, deletes::none);
  EXPECT_EQ(p.background.items.at(0).full_every_us, 7 * 86'400'000'000LL);
  EXPECT_EQ(p.routing.rules.at(0).only, (std::vector<std::string>{"acme", "globex"}));
  EXPECT_EQ(p.routing.fallback, "here");
}

using values = std::map<std::string, std::string>;

// covers: P6
TEST(partitions, are_the_constants_of_a_map_that_name_the_item) {
  const pipeline p = good("sign-in");
  const auto& members = p.find_read("roles.members")->partitions;
  ASSERT_EQ(members.size(), 1U);
  EXPECT_EQ(members[0].stream, "role_assignments");
  EXPECT_EQ(members[0].values, (values{{"entity.kind", "user"}, {"role.external_id", "${parent.id}"}}));
  EXPECT_TRUE(members[0].others.empty());
  EXPECT_TRUE(p.find_read("entities.users")->subject->partitions.empty())
      << "its key is read from the record";
  EXPECT_TRUE(p.find_read("entities.users")->partitions.empty());
  const pipeline all = good("everything");
  const auto& grants = all.find_read("wallets.grants")->subject->partitions;
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_EQ(grants[0].values, (values{{"entity.kind", "user"}, {"entity.external_id", "${subject}"}}));
}

// covers: P6
TEST(partitions, know_which_other_reads_may_bring_their_rows) {
  const std::string text = R"(
sluice: 1
name: n
store: { uses: sqlite, path: x }
tenants: { a: {} }
sources: { s: { uses: files, root: /d } }
domains:
  entities:
    uses: entities
    reads:
      groups: { from: s, request: { path: g }, keep: { id: /id }, into: [ { stream: entities, map: { kind: group, external_id: /id } } ] }
      users:
        from: s
        for_each: groups
        request: { path: "u/${parent.id}" }
        into: [ { stream: entities, map: { kind: user, external_id: /id, parent: { kind: group, external_id: "${parent.id}" } } } ]
      others: { from: s, request: { path: o }, into: [ { stream: entities, map: { kind: /kind, external_id: /id } } ] }
phases: { background: { sync: [ entities ] } }
backends: { b: { uses: direct } }
)";
  const check_result r = check_text("x.yaml", text, fake_catalog(), fake_environment());
  ASSERT_TRUE(r.ok()) << render_text(r.diagnostics);
  const auto& users = r.pipeline->find_read("entities.users")->partitions;
  ASSERT_EQ(users.size(), 1U);
  EXPECT_EQ(users[0].values,
            (values{{"kind", "user"}, {"parent.external_id", "${parent.id}"}, {"parent.kind", "group"}}));
  EXPECT_EQ(users[0].others, std::vector<std::string>{"entities.others"}) << "groups have another kind";
}

class hash : public ::testing::Test {
 protected:
  std::string text_ = read_file(here() / "good/sign-in.yaml");

  pipeline check(std::string text) {
    const check_result r = check_text("x/sign-in.yaml", text, catalog_, fake_environment());
    EXPECT_TRUE(r.ok()) << render_text(r.diagnostics);
    return r.pipeline.value_or(pipeline{});
  }
  std::string with(const std::string& from, const std::string& to) {
    std::string out = text_;
    EXPECT_NE(out.find(from), std::string::npos) << from;
    return out.replace(out.find(from), from.size(), to);
  }

  fake_catalog catalog_;
};

TEST_F(hash, is_the_same_for_manifests_that_mean_the_same) {
  const std::string same = check(text_).hash;
  EXPECT_EQ(same, check("# another comment\n" + text_).hash);
  EXPECT_EQ(same, check(with("rate: 50/s, in_flight: 16", "in_flight: 16, rate: 3000/m")).hash);
  EXPECT_EQ(same, check(with("deadline: 3s", "deadline: 3000ms")).hash);
  EXPECT_EQ(same,
            check(with("{ critical: true, vars: { realm: acme-prod },", "{ vars: { realm: other },")).hash)
      << "tenants change without a new revision";
}

TEST_F(hash, changes_with_the_meaning) {
  const std::string before = check(text_).hash;
  EXPECT_NE(before, check(with("deadline: 3s", "deadline: 4s")).hash);
  EXPECT_NE(before, check(with("name: /name", "name: /display")).hash);
  EXPECT_NE(before, check(with("host.active_runs > 64", "host.active_runs > 65")).hash);
}

TEST_F(hash, of_a_mapping_changes_with_what_makes_its_rows) {
  const auto digest = [this](const std::string& text) {
    return check(text).find_read("entities.users")->mapping_digest;
  };
  const std::string before = digest(text_);
  EXPECT_EQ(before, digest(with("deadline: 3s", "deadline: 4s")));
  EXPECT_NE(before, digest(with("name: /name", "name: /display")));
  catalog_.change(component_kind::domain, "entities").version = "1.0.1";
  EXPECT_NE(before, digest(text_)) << "another plugin version";
  catalog_.change(component_kind::domain, "entities").version = "1.0.0";
  EXPECT_EQ(before, digest(text_));
  catalog_.change(component_kind::domain, "entities").streams[0].version = 2;
  EXPECT_NE(before, digest(text_)) << "another meaning of the columns";
}

}  // namespace
}  // namespace sluice::manifest
