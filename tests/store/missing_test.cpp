// Rows whose parent a run proves not to be upstream: let go or rejected, and counted.
#include "store/harness.hpp"

namespace sluice::testing {

using engine::missing_rule;

class missing : public conformance {
 protected:
  static cells note(const std::string& id, const std::string& user_id) {
    return {{"external_id", id}, {"amount", "1"}, {"entity.kind", "user"}, {"entity.external_id", user_id}};
  }
  static missing_rule rule(const std::string& stream = "notes") {
    return {"s", stream, "entity", "entities", {"s"}, false, true};
  }
  std::int64_t settle(const missing_rule& r) { return session().expire_deferred(run_.run_id, "acme", {r}); }
  void end() { end_item(), end_stage("s"); }
  [[nodiscard]] std::size_t waiting() { return session().list_deferred("acme", 10).size(); }
  engine::run_state finish() { return session().finish_run(run_.run_id, run_.epoch, false, "", ""); }
  [[nodiscard]] engine::row_counts books(int run, const std::string& stream = "notes") {
    const auto shown = session().show_run(run_id(run));
    for (const auto& [name, counts] : shown->stages.at(0).streams) {
      if (name == stream) return counts;
    }
    return {};
  }
};

// covers: P1
TEST_P(missing, what_has_no_parent_is_let_go_and_counted) {
  put("entities", {user("u1")});
  EXPECT_EQ(put("notes", {note("n1", "u1"), note("n2", "nobody")}).deferred, 1);
  end();
  EXPECT_EQ(settle(rule()), 1);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(settle(rule()), 0) << "asked again, it counts nothing twice";
  const engine::row_counts c = books(1);
  EXPECT_EQ(c.skipped, 1);
  EXPECT_EQ(c.resolved_unchanged, 1);
  EXPECT_EQ(c.waiting(), 0);
  EXPECT_TRUE(c.balances());
  EXPECT_EQ(rows("notes").size(), 1U);
  EXPECT_EQ(finish(), engine::run_state::succeeded);
}

TEST_P(missing, what_is_rejected_is_named) {
  auto rejects = rule("strict");
  rejects.rejects = true;
  EXPECT_EQ(put("strict", {note("s1", "u1")}).deferred, 1);
  end();
  EXPECT_EQ(settle(rejects), 1);
  const auto r = session().list_rejects("acme", "", 10).at(0);
  EXPECT_EQ(r.what.field, "entity");
  EXPECT_EQ(r.what.reason, "there is no `entities` user u1");
  EXPECT_EQ(r.what.key, "s1");
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(finish(), engine::run_state::partial);
}

// covers: P2
TEST_P(missing, without_the_proof_nothing_is_let_go) {
  put("notes", {note("n1", "nobody")});
  EXPECT_EQ(settle(rule()), 0) << "the parents' stage has not ended";
  auto other = rule();
  other.parents = {"s", "never began"};
  end();
  EXPECT_EQ(settle(other), 0);
  auto wrong = rule();
  wrong.reference = "author";
  EXPECT_EQ(settle(wrong), 0);
  EXPECT_EQ(waiting(), 1U);
}

TEST_P(missing, a_parent_that_has_come_is_waited_for_no_more_but_kept) {
  put("notes", {note("n1", "u1")});
  put("entities", {user("u1")});
  end();
  EXPECT_EQ(settle(rule()), 0);
  EXPECT_EQ(waiting(), 1U) << "nobody has resolved it yet";
  EXPECT_EQ(resolve_all(10), 1);
}

TEST_P(missing, a_parent_that_waits_itself_keeps_its_children) {
  put("credits", {note("c1", "nobody")});
  put("grants", {{{"external_id", "g1"}, {"amount", "1"}, {"entity.external_id", "c1"}}});
  end();
  EXPECT_EQ(waiting(), 2U);
  EXPECT_EQ(settle({"s", "grants", "entity", "credits", {"s"}, false, true}), 0);
  EXPECT_EQ(waiting(), 2U);
}

// What an incremental read doesn't bring again goes only when the parents were read after it.
TEST_P(missing, a_read_of_changes_lets_go_only_what_is_older_than_the_run) {
  auto changes = rule();
  changes.whole = false;
  put_at(session().now_us() + 1'000'000, "notes", {note("n1", "nobody")});
  put_at(1, "notes", {note("n2", "nobody")});
  end();
  EXPECT_EQ(settle(changes), 1);
  const auto left = session().list_deferred("acme", 10);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].key, "n1");
}

INSTANTIATE_TEST_SUITE_P(stores, missing, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
