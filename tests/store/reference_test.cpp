// Parents: there, missing, late, deleted, in circles.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace {

cells child(const std::string& id, const std::string& entity, const std::string& amount = "1",
            cells more = {}) {
  more["external_id"] = id;
  more["amount"] = amount;
  more["entity.kind"] = "user";
  more["entity.external_id"] = entity;
  return more;
}

cells grant(const std::string& id, const std::string& credit) {
  return {{"external_id", id}, {"entity.external_id", credit}};
}

cells under(const std::string& id, const std::string& parent) {
  return user(id, "Ada", {{"parent.kind", "user"}, {"parent.external_id", parent}});
}

const cells deleted = {{"_deleted", "true"}};

}  // namespace

TEST_P(conformance, a_reference_is_stored_as_the_parents_id) {
  put("entities", {user("u1")});
  EXPECT_EQ(put("credits", {child("c1", "u1")}).inserted, 1);
  EXPECT_EQ(row("credits", "c1").at("entity_id"), row("entities", "u1").at("id"));
}

TEST_P(conformance, a_parent_of_the_same_batch_counts_as_there_in_any_order_of_streams) {
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("grants"), {grant("g1", "c1")}));
  s.push_back(make_rows(stream_named("credits"), {child("c1", "u1")}));
  s.push_back(make_rows(stream_named("entities"), {user("u1")}));
  const auto result = commit(next_page(make_page(std::move(s))));
  EXPECT_EQ(counts_of(result, 0, "grants").inserted, 1);
  EXPECT_EQ(counts_of(result, 0, "credits").inserted, 1);
  EXPECT_EQ(row("grants", "g1").at("entity_id"), row("credits", "c1").at("id"));
}

// covers: P1
TEST_P(conformance, an_assignment_that_arrives_before_its_entity_is_resolved_when_the_entity_comes) {
  EXPECT_EQ(put("credits", {child("c1", "u1", "12.50")}).deferred, 1);
  EXPECT_TRUE(rows("credits").empty());
  ASSERT_EQ(session().list_deferred("acme", 10).size(), 1U);
  EXPECT_EQ(resolve_all(), 0) << "nothing has come yet";
  put("entities", {user("u1")});
  EXPECT_TRUE(rows("credits").empty()) << "a parent's page does not resolve by itself";
  const auto r = session().resolve(run_.run_id, run_.epoch, "acme", 10);
  EXPECT_EQ(r.resolved, 1);
  EXPECT_FALSE(r.more);
  ASSERT_EQ(r.streams.size(), 1U);
  EXPECT_EQ(r.streams[0].second.resolved_inserted, 1);
  EXPECT_EQ(row("credits", "c1").at("entity_id"), row("entities", "u1").at("id"));
  EXPECT_EQ(row("credits", "c1").at("amount"), "12.50");
  EXPECT_TRUE(session().list_deferred("acme", 10).empty());
  EXPECT_EQ(finish(), engine::run_state::succeeded);
}

TEST_P(conformance, a_deferred_row_says_for_whom_it_waits) {
  put("credits", {child("c1", "u1")});
  const auto d = session().list_deferred("acme", 10).at(0);
  EXPECT_EQ(d.stream, "credits");
  EXPECT_EQ(d.key, "c1");
  EXPECT_EQ(d.reference, "entity");
  EXPECT_EQ(d.parent_stream, "entities");
  EXPECT_EQ(d.parent_key, std::string("user") + store::key_separator + "u1");
  EXPECT_EQ(d.run_id, run_id(1));
  EXPECT_EQ(d.expires_us - d.first_seen_us, 24LL * 3600 * 1'000'000);
}

TEST_P(conformance, of_deferred_rows_with_one_key_the_newest_wins) {
  put_at(20, "credits", {child("c1", "u1", "2")});
  EXPECT_EQ(put_at(30, "credits", {child("c1", "u2", "3")}).deferred, 1);
  EXPECT_EQ(put_at(10, "credits", {child("c1", "u1", "1")}).stale, 1);
  EXPECT_EQ(session().list_deferred("acme", 10).size(), 1U);
  put("entities", {user("u1"), user("u2")});
  EXPECT_EQ(resolve_all(), 1);
  EXPECT_EQ(row("credits", "c1").at("amount"), "3");
  EXPECT_EQ(row("credits", "c1").at("entity_id"), row("entities", "u2").at("id"));
}

TEST_P(conformance, a_row_that_arrives_directly_removes_its_deferred_twin) {
  put("credits", {child("c1", "u1", "1")});
  put("entities", {user("u1")});
  EXPECT_EQ(put("credits", {child("c1", "u1", "2")}).inserted, 1);
  EXPECT_TRUE(session().list_deferred("acme", 10).empty());
  EXPECT_EQ(resolve_all(), 0);
  EXPECT_EQ(row("credits", "c1").at("amount"), "2");
}

TEST_P(conformance, an_older_row_does_not_overtake_its_deferred_twin) {
  put("entities", {user("u1")});
  put_at(30, "credits", {child("c1", "u2", "2")});
  EXPECT_EQ(put_at(20, "credits", {child("c1", "u1", "1")}).stale, 1);
  EXPECT_TRUE(rows("credits").empty());
  EXPECT_EQ(session().list_deferred("acme", 10).size(), 1U);
}

TEST_P(conformance, a_delete_removes_a_deferred_row) {
  put("credits", {child("c1", "u1")});
  EXPECT_EQ(put("credits", {child("c1", "u1", "1", deleted)}).unchanged, 1);
  EXPECT_TRUE(session().list_deferred("acme", 10).empty());
}

TEST_P(conformance, a_stored_row_keeps_its_values_while_its_change_is_deferred) {
  put("entities", {user("u1")});
  put("credits", {child("c1", "u1", "1")});
  EXPECT_EQ(put("credits", {child("c1", "u2", "2")}).deferred, 1);
  EXPECT_EQ(row("credits", "c1").at("amount"), "1");
  put("entities", {user("u2")});
  const auto r = session().resolve(run_.run_id, run_.epoch, "acme", 10);
  ASSERT_EQ(r.streams.size(), 1U);
  EXPECT_EQ(r.streams[0].second.resolved_updated, 1);
  EXPECT_EQ(row("credits", "c1").at("amount"), "2");
}

TEST_P(conformance, a_chain_of_three_is_resolved_from_its_root) {
  EXPECT_EQ(put("grants", {grant("g1", "c1")}).deferred, 1);
  EXPECT_EQ(put("credits", {child("c1", "u1")}).deferred, 1);
  put("entities", {user("u1")});
  EXPECT_EQ(resolve_all(), 2);
  EXPECT_EQ(row("grants", "g1").at("entity_id"), row("credits", "c1").at("id"));
}

TEST_P(conformance, resolving_goes_in_batches_and_says_when_there_is_more) {
  std::vector<cells> waiting;
  for (int i = 0; i < 25; ++i) waiting.push_back(child("c" + std::to_string(i), "u1"));
  EXPECT_EQ(put("credits", waiting).deferred, 25);
  put("entities", {user("u1")});
  const auto r = session().resolve(run_.run_id, run_.epoch, "acme", 10);
  EXPECT_EQ(r.resolved, 10);
  EXPECT_TRUE(r.more);
  EXPECT_EQ(resolve_all(10), 15);
  EXPECT_EQ(rows("credits").size(), 25U);
}

TEST_P(conformance, what_is_resolved_stands_in_the_receipt_of_its_stage) {
  put("credits", {child("c1", "u1")});
  put("entities", {user("u1")});
  resolve_all();
  const auto shown = session().show_run(run_id(1));
  for (const auto& [stream, counts] : shown->stages.at(0).streams) {
    if (stream != "credits") continue;
    EXPECT_EQ(counts.rows, 1);
    EXPECT_EQ(counts.deferred, 1);
    EXPECT_EQ(counts.resolved_inserted, 1);
    EXPECT_TRUE(counts.balances());
  }
}

TEST_P(conformance, a_required_reference_that_names_nobody_is_rejected) {
  EXPECT_EQ(put("credits", {{{"external_id", "c1"}, {"amount", "1"}}}).rejected, 1);
  EXPECT_EQ(session().list_rejects("acme", "", 10).at(0).what.field, "entity");
}

TEST_P(conformance, an_optional_reference_that_names_nobody_is_null) {
  EXPECT_EQ(put("tags", {{{"external_id", "t1"}}}).inserted, 1);
  EXPECT_FALSE(row("tags", "t1").contains("entity_id"));
}

TEST_P(conformance, an_optional_link_is_stored_open_and_filled_later) {
  EXPECT_EQ(put("tags", {child("t1", "u1")}).inserted, 1);
  EXPECT_FALSE(row("tags", "t1").contains("entity_id"));
  put("entities", {user("u1")});
  EXPECT_EQ(resolve_all(), 0) << "a link is no deferred row";
  EXPECT_EQ(row("tags", "t1").at("entity_id"), row("entities", "u1").at("id"));
  EXPECT_EQ(finish(), engine::run_state::succeeded);
}

TEST_P(conformance, an_open_link_does_not_outlive_a_change_of_its_row) {
  put("tags", {child("t1", "u1")});
  put("entities", {user("u2")});
  put("tags", {child("t1", "u2")});
  put("entities", {user("u1")});
  resolve_all();
  EXPECT_EQ(row("tags", "t1").at("entity_id"), row("entities", "u2").at("id"));
}

TEST_P(conformance, an_open_link_does_not_outlive_a_delete_of_its_row) {
  put("tags", {child("t1", "u1")});
  put("tags", {child("t1", "u1", "1", deleted)});
  put("entities", {user("u1")});
  resolve_all();
  EXPECT_FALSE(row("tags", "t1").contains("entity_id"));
}

TEST_P(conformance, a_row_can_refer_to_a_row_of_its_own_stream_in_any_order) {
  EXPECT_EQ(put("entities", {under("u3", "u2"), under("u2", "u1"), user("u1")}).inserted, 3);
  EXPECT_EQ(row("entities", "u3").at("parent_id"), row("entities", "u2").at("id"));
  EXPECT_EQ(row("entities", "u2").at("parent_id"), row("entities", "u1").at("id"));
}

TEST_P(conformance, rows_in_a_circle_are_all_linked_in_the_end) {
  EXPECT_EQ(put("entities", {under("u1", "u2"), under("u2", "u1")}).inserted, 2);
  resolve_all();
  EXPECT_EQ(row("entities", "u1").at("parent_id"), row("entities", "u2").at("id"));
  EXPECT_EQ(row("entities", "u2").at("parent_id"), row("entities", "u1").at("id"));
}

TEST_P(conformance, a_row_can_be_its_own_parent) {
  EXPECT_EQ(put("entities", {under("u1", "u1")}).inserted, 1);
  resolve_all();
  EXPECT_EQ(row("entities", "u1").at("parent_id"), row("entities", "u1").at("id"));
}

TEST_P(conformance, a_long_chain_within_one_page_is_no_problem) {
  std::vector<cells> given;
  for (int i = 0; i < 3000; ++i) given.push_back(under("u" + std::to_string(i), "u" + std::to_string(i + 1)));
  given.push_back(user("u3000"));
  EXPECT_EQ(put("entities", given).inserted, 3001);
  resolve_all(10'000);
  EXPECT_EQ(row("entities", "u0").at("parent_id"), row("entities", "u1").at("id"));
  EXPECT_EQ(row("entities", "u2999").at("parent_id"), row("entities", "u3000").at("id"));
}

TEST_P(conformance, a_tombstoned_parent_counts_as_missing) {
  put("entities", {user("u1")});
  put("entities", {user("u1", "Ada", deleted)});
  EXPECT_EQ(put("credits", {child("c1", "u1")}).deferred, 1);
  EXPECT_EQ(resolve_all(), 0);
  put("entities", {user("u1")});
  EXPECT_EQ(resolve_all(), 1);
}

TEST_P(conformance, a_parent_that_is_deleted_in_the_same_batch_counts_as_missing) {
  put("entities", {user("u1")});
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("credits"), {child("c1", "u1")}));
  s.push_back(make_rows(stream_named("entities"), {user("u1", "Ada", deleted)}));
  const auto result = commit(next_page(make_page(std::move(s))));
  EXPECT_EQ(counts_of(result, 0, "credits").deferred, 1);
  EXPECT_EQ(counts_of(result, 0, "entities").deleted, 1);
}

TEST_P(conformance, an_unchanged_row_does_not_ask_for_its_parent) {
  put("entities", {user("u1")});
  put("credits", {child("c1", "u1")});
  put("entities", {user("u1", "Ada", deleted)});
  EXPECT_EQ(put("credits", {child("c1", "u1")}).unchanged, 1);
}

// covers: P20
TEST_P(conformance, a_parent_of_another_tenant_is_no_parent) {
  put("entities", {user("u1")});
  auto other = request_for(7);
  other.tenant = "umbrella";
  run_ = session().start_run(other, {});
  seqs_.clear();
  begin("s");
  std::vector<engine::page_write> pages;
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("credits"), {child("c1", "u1")}));
  pages.push_back(next_page(make_page(std::move(s))));
  auto request = request_of(std::move(pages));
  request.tenant = "umbrella";
  EXPECT_EQ(counts_of(session().commit(request), 0, "credits").deferred, 1);
  EXPECT_EQ(session().resolve(run_.run_id, run_.epoch, "umbrella", 10).resolved, 0);
}

TEST_P(conformance, what_waits_too_long_goes_to_the_rejects) {
  put("credits", {child("c1", "u1")});
  EXPECT_EQ(session().expire_deferred(run_.run_id, "acme", {}), 0) << "a day has not passed";
  auto hasty = stream_named("credits");
  hasty.references[0].expire = std::chrono::seconds(0);
  store().ensure_streams("tests", "1.0.1", {hasty});
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(hasty, {child("c2", "u1")}));
  commit(next_page(make_page(std::move(s))));
  EXPECT_EQ(session().expire_deferred(run_.run_id, "acme", {}), 1);
  const auto rejects = session().list_rejects("acme", run_id(1), 10);
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_EQ(rejects[0].what.key, "c2");
  EXPECT_EQ(rejects[0].stage, "s");
  EXPECT_EQ(session().list_deferred("acme", 10).size(), 1U);
  EXPECT_EQ(finish(), engine::run_state::partial);
}

}  // namespace sluice::testing
