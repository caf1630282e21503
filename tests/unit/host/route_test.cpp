// Which backend takes a tenant's runs: rules, lists, shares, thresholds, and what keeps a tenant where it was put.
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "host/route.hpp"

namespace sluice::host {

namespace {

constexpr std::int64_t hour_us = 3'600'000'000LL;
using value = manifest::condition::value;

class fake_facts final : public tenant_facts {
 public:
  std::map<std::string, double> values;
  std::optional<taken_by> before;
  std::int64_t now = 1'000 * hour_us;
  int asked = 0;

  fact value_of(const manifest::condition& what) override {
    ++asked;
    return {values.at(what.subject), {}};
  }
  std::optional<taken_by> last() override { return before; }
  std::int64_t now_us() override { return now; }
};

manifest::condition over(const std::string& subject, double threshold, value type = value::count) {
  return {subject + " > N", subject, type, threshold};
}

class routing : public ::testing::Test {
 protected:
  routing() {
    pipeline_.backends = {{"here", "direct", "{}"}, {"there", "durable", "{}"}};
    pipeline_.routing.fallback = "here";
    pipeline_.routing.rules.resize(1);
    rule().backend = "there";
  }
  manifest::routing_rule& rule(std::size_t n = 0) { return pipeline_.routing.rules.at(n); }
  routed route(const std::string& tenant = "acme", bool explain = false) {
    return choose_backend(pipeline_, tenant, asked_, facts_, explain);
  }
  std::string where(const std::string& tenant = "acme") { return route(tenant).backend; }
  // As the next run finds it.
  void remember() { facts_.before = route().by; }

  manifest::pipeline pipeline_;
  fake_facts facts_;
  std::string asked_;
};

}  // namespace

// The three cases of the legacy words.
TEST_F(routing, takes_nobody_by_a_rule_that_is_off) {
  rule().enabled = false;
  rule().only = {"acme"};
  EXPECT_EQ(where(), "here");
  EXPECT_EQ(route().reason, "no rule matched: the default");
}

TEST_F(routing, takes_exactly_the_listed_tenants_and_asks_no_condition) {
  rule().only = {"acme"};
  rule().when = {over("tenant.users", 10)};
  facts_.values["tenant.users"] = 5'000;
  EXPECT_EQ(where("acme"), "there");
  EXPECT_EQ(where("globex"), "here");
  EXPECT_EQ(facts_.asked, 0);
}

TEST_F(routing, takes_all_where_there_is_neither_a_list_nor_a_condition) {
  EXPECT_EQ(where("acme"), "there");
  EXPECT_EQ(route().reason, "rule 1: the rule takes all tenants");
}

TEST_F(routing, takes_whom_any_condition_speaks_of) {
  rule().when = {over("tenant.users", 1'000), over("tenant.average_duration", 30e6, value::duration)};
  facts_.values = {{"tenant.users", 1'000}, {"tenant.average_duration", 30e6}};
  EXPECT_EQ(where(), "here") << "at the threshold is not over it";
  facts_.values["tenant.average_duration"] = 42.5e6;
  EXPECT_EQ(where(), "there");
  EXPECT_EQ(route().reason, "rule 1: tenant.average_duration 42.5s > 30s");
  facts_.values["tenant.users"] = 1'482;
  EXPECT_EQ(route().reason, "rule 1: tenant.users 1482 > 1000") << "the first that holds";
}

TEST_F(routing, knows_critical_tenants_from_the_manifest) {
  rule().when = {{"tenant.critical", "tenant.critical", value::flag, 0}};
  pipeline_.tenants.known["acme"].critical = true;
  EXPECT_EQ(where("acme"), "there");
  EXPECT_EQ(where("globex"), "here");
}

TEST_F(routing, asks_rules_from_top_to_bottom) {
  pipeline_.backends.push_back({"third", "durable", "{}"});
  pipeline_.routing.rules.push_back(rule());
  rule(1).backend = "third";
  rule(0).only = {"globex"};
  EXPECT_EQ(where("globex"), "there");
  EXPECT_EQ(where("acme"), "third");
  EXPECT_EQ(route().reason, "rule 2: the rule takes all tenants");
}

TEST_F(routing, keeps_a_tenant_until_it_is_well_below_and_a_day_has_passed) {
  rule().when = {over("tenant.users", 1'000)};
  facts_.values["tenant.users"] = 1'001;
  remember();
  ASSERT_TRUE(facts_.before.has_value());
  facts_.now += 23 * hour_us;
  facts_.values["tenant.users"] = 10;
  EXPECT_EQ(where(), "there") << "far below, but the day is not over";
  facts_.now += 2 * hour_us;
  facts_.values["tenant.users"] = 800;
  EXPECT_EQ(where(), "there") << "a day later, but not under 80 %";
  EXPECT_NE(route().reason.find("was over 1000"), std::string::npos) << route().reason;
  facts_.values["tenant.users"] = 799;
  EXPECT_EQ(where(), "here");
  EXPECT_FALSE(route().by.has_value());
}

TEST_F(routing, counts_the_day_from_when_it_was_over_last) {
  rule().when = {over("tenant.users", 1'000)};
  facts_.values["tenant.users"] = 2'000;
  remember();
  facts_.now += 20 * hour_us;
  facts_.values["tenant.users"] = 10;
  remember();  // that it is kept does not prolong it
  facts_.now += 5 * hour_us;
  EXPECT_EQ(where(), "here");
}

TEST_F(routing, keeps_nobody_by_what_another_rule_or_value_said) {
  rule().when = {over("tenant.users", 1'000)};
  facts_.values["tenant.users"] = 10;
  facts_.before = taken_by{"there", "tenant.organizations", 500, 100, facts_.now};
  EXPECT_EQ(where(), "here");
  facts_.before = taken_by{"elsewhere", "tenant.users", 5'000, 1'000, facts_.now};
  EXPECT_EQ(where(), "here");
  facts_.before = taken_by{"there", "tenant.users", 5'000, 1'000, facts_.now};
  EXPECT_EQ(where(), "there");
}

TEST_F(routing, keeps_nobody_for_how_busy_a_host_was) {
  rule().when = {over("host.active_runs", 64)};
  facts_.values["host.active_runs"] = 65;
  remember();
  EXPECT_FALSE(facts_.before.has_value());
  facts_.values["host.active_runs"] = 60;
  EXPECT_EQ(where(), "here");
}

TEST_F(routing, a_share_takes_a_stable_part_and_keeps_it_while_it_grows) {
  std::set<std::string> small, large;
  for (int n = 0; n < 2'000; ++n) {
    const std::string tenant = "t" + std::to_string(n);
    rule().share = 0.1;
    if (where(tenant) == "there") small.insert(tenant);
    rule().share = 0.3;
    if (where(tenant) == "there") large.insert(tenant);
  }
  EXPECT_NEAR(static_cast<double>(small.size()), 200, 60);
  EXPECT_NEAR(static_cast<double>(large.size()), 600, 90);
  for (const std::string& tenant : small) EXPECT_TRUE(large.contains(tenant)) << tenant;
  rule().share = 0;
  EXPECT_EQ(where(*small.begin()), "here");
  rule().share = 1;
  EXPECT_EQ(where("t1"), "there");
}

// The rollback of a canary: at once, whatever was kept.
TEST_F(routing, a_share_that_shrinks_lets_go_at_once) {
  rule().when = {over("tenant.users", 1'000)};
  facts_.values["tenant.users"] = 5'000;
  remember();
  rule().share = 0;
  EXPECT_EQ(where(), "here");
  EXPECT_FALSE(route().by.has_value());
}

TEST_F(routing, does_what_the_caller_insists_on_and_forgets_nothing_over_it) {
  rule().when = {over("tenant.users", 1'000)};
  facts_.values["tenant.users"] = 5'000;
  remember();
  asked_ = "here";
  EXPECT_EQ(where(), "here");
  EXPECT_EQ(route().reason, "asked for by the caller");
  ASSERT_TRUE(route().by.has_value());
  EXPECT_EQ(route().by->subject, "tenant.users");
  asked_ = "nowhere";
  EXPECT_THROW(route(), engine::failure);
}

TEST_F(routing, what_is_kept_with_a_run_comes_back) {
  rule().when = {over("tenant.users", 1'000)};
  facts_.values["tenant.users"] = 5'000;
  const auto by = route().by;
  const auto back = taken_by_of(nlohmann::json{{"steps", 1}, {"route", to_json(by)}}.dump());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->backend, "there");
  EXPECT_EQ(back->subject, "tenant.users");
  EXPECT_EQ(back->value, 5'000);
  EXPECT_EQ(back->threshold, 1'000);
  EXPECT_EQ(back->over_us, facts_.now);
  EXPECT_FALSE(taken_by_of("{}").has_value());
  EXPECT_FALSE(taken_by_of("not JSON").has_value());
  EXPECT_TRUE(to_json(std::nullopt).is_null());
}

TEST_F(routing, explains_every_rule_and_condition) {
  rule().when = {over("tenant.users", 1'000), over("tenant.failure_rate", 0.05)};
  facts_.values = {{"tenant.users", 2'000}, {"tenant.failure_rate", 0.125}};
  pipeline_.routing.rules.push_back(rule());
  rule(1).when = {over("tenant.average_duration", 30e6, value::duration)};
  facts_.values["tenant.average_duration"] = 1.5e6;
  EXPECT_EQ(route().rules.size(), 1U) << "a run asks no more than it must";
  const auto told = route_json(pipeline_, route("acme", true));
  EXPECT_EQ(told["backend"], "there");
  ASSERT_EQ(told["rules"].size(), 2U);
  EXPECT_EQ(told["rules"][0]["matched"], true);
  EXPECT_EQ(told["rules"][0]["conditions"][0]["value"], 2'000);
  EXPECT_EQ(told["rules"][0]["conditions"][1]["value"], 0.125);
  EXPECT_EQ(told["rules"][1]["conditions"][0]["value"], 1.5) << "seconds";
  EXPECT_EQ(told["rules"][1]["conditions"][0]["holds"], false);
  const std::string text = route_text(pipeline_, "acme", route("acme", true));
  EXPECT_NE(text.find("runs of acme go to there: rule 1: tenant.users 2000 > 1000\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("12.5%  over"), std::string::npos) << text;
  EXPECT_NE(text.find("1.5s  no"), std::string::npos) << text;
}

}  // namespace sluice::host
