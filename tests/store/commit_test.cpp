// Pages: all or nothing, once, and counted for what they were.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;

INSTANTIATE_TEST_SUITE_P(stores, conformance, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(conformance, a_new_row_is_inserted_and_can_be_read_back) {
  const auto c = put("entities", {user("u1", "Ada")});
  EXPECT_EQ(c.rows, 1);
  EXPECT_EQ(c.inserted, 1);
  const auto stored = row("entities", "u1");
  EXPECT_EQ(stored.at("name"), "Ada");
  EXPECT_EQ(stored.at("tenant_id"), "acme");
  EXPECT_EQ(stored.at("run_id"), run_id(1));
  EXPECT_EQ(stored.at("deleted"), "false");
}

TEST_P(conformance, a_changed_row_is_updated_and_keeps_its_id) {
  put("entities", {user("u1", "Ada")});
  const auto before = row("entities", "u1");
  EXPECT_EQ(put("entities", {user("u1", "Grace")}).updated, 1);
  const auto after = row("entities", "u1");
  EXPECT_EQ(after.at("name"), "Grace");
  EXPECT_EQ(after.at("id"), before.at("id"));
}

// covers: P7
TEST_P(conformance, an_unchanged_row_is_not_touched_at_all) {
  put("entities", {user("u1", "Ada"), user("u2", "Grace")});
  const auto before = rows("entities");
  ASSERT_EQ(finish(), engine::run_state::succeeded);
  start(2);
  const auto c = put("entities", {user("u1", "Ada"), user("u2", "Grace")});
  EXPECT_EQ(c.unchanged, 2);
  EXPECT_EQ(c.rows, 2);
  EXPECT_EQ(rows("entities"), before) << "run_id, synced_at, read_at and all: nothing is written";
}

TEST_P(conformance, several_pages_of_one_batch_are_counted_each_for_itself) {
  std::vector<engine::page_write> pages;
  for (const char* id : {"u1", "u2"}) {
    std::vector<engine::stream_rows> s;
    s.push_back(make_rows(stream_named("entities"), {user(id), user(std::string(id) + "b")}));
    pages.push_back(next_page(make_page(std::move(s))));
  }
  auto request = request_of(std::move(pages));
  const auto result = session().commit(request);
  ASSERT_EQ(result.pages.size(), 2U);
  EXPECT_EQ(counts_of(result, 0, "entities").inserted, 2);
  EXPECT_EQ(counts_of(result, 1, "entities").inserted, 2);
  EXPECT_EQ(rows("entities").size(), 4U);
}

// covers: U12
TEST_P(conformance, of_rows_with_one_key_the_last_wins_and_the_others_are_duplicates) {
  std::vector<engine::page_write> pages;
  for (const char* name : {"first", "second"}) {
    std::vector<engine::stream_rows> s;
    s.push_back(
        make_rows(stream_named("entities"), {user("u1", name), user("u1", std::string(name) + " again")}));
    pages.push_back(next_page(make_page(std::move(s))));
  }
  auto request = request_of(std::move(pages));
  const auto result = session().commit(request);
  EXPECT_EQ(counts_of(result, 0, "entities").duplicate, 2);
  EXPECT_EQ(counts_of(result, 0, "entities").unchanged, 2);
  EXPECT_EQ(counts_of(result, 1, "entities").duplicate, 1);
  EXPECT_EQ(counts_of(result, 1, "entities").inserted, 1);
  EXPECT_EQ(row("entities", "u1").at("name"), "second again");
}

TEST_P(conformance, of_rows_with_one_key_a_greater_version_wins_over_the_order) {
  const auto c = put("entities", {user("u1", "new", {{"source_version", "7"}}),
                                  user("u1", "old", {{"source_version", "3"}})});
  EXPECT_EQ(c.inserted, 1);
  EXPECT_EQ(c.stale, 1);
  EXPECT_EQ(row("entities", "u1").at("name"), "new");
}

TEST_P(conformance, the_same_external_id_of_another_kind_is_another_row) {
  put("entities", {user("1"), {{"kind", "group"}, {"external_id", "1"}, {"name", "G"}}});
  EXPECT_EQ(rows("entities").size(), 2U);
}

TEST_P(conformance, a_smaller_source_version_is_stale) {
  put("entities", {user("u1", "new", {{"source_version", "9"}})});
  const auto c = put("entities", {user("u1", "old", {{"source_version", "8"}})});
  EXPECT_EQ(c.stale, 1);
  EXPECT_EQ(c.unchanged, 1);
  EXPECT_EQ(row("entities", "u1").at("name"), "new");
}

TEST_P(conformance, a_greater_source_version_wins_over_a_later_instant) {
  put_at(1'600'000'000'000'000, "entities", {user("u1", "old", {{"source_version", "1"}})});
  EXPECT_EQ(put_at(1'500'000'000'000'000, "entities", {user("u1", "new", {{"source_version", "2"}})}).updated,
            1);
  EXPECT_EQ(row("entities", "u1").at("name"), "new");
}

TEST_P(conformance, without_versions_an_earlier_request_is_stale) {
  put_at(1'600'000'000'000'000, "entities", {user("u1", "later")});
  EXPECT_EQ(put_at(1'599'999'999'999'999, "entities", {user("u1", "earlier")}).stale, 1);
  EXPECT_EQ(row("entities", "u1").at("name"), "later");
  EXPECT_EQ(row("entities", "u1").at("read_at"), "1600000000000000");
}

TEST_P(conformance, the_same_values_with_a_greater_version_only_raise_the_version) {
  put("entities", {user("u1", "Ada", {{"source_version", "1"}})});
  const auto before = row("entities", "u1");
  EXPECT_EQ(put("entities", {user("u1", "Ada", {{"source_version", "5"}})}).unchanged, 1);
  auto after = row("entities", "u1");
  EXPECT_EQ(after.at("source_version"), "5");
  after["source_version"] = "1";
  EXPECT_EQ(after, before);
}

TEST_P(conformance, a_delete_leaves_a_tombstone) {
  put("entities", {user("u1", "Ada")});
  EXPECT_EQ(put("entities", {user("u1", "Ada", {{"_deleted", "true"}})}).deleted, 1);
  EXPECT_EQ(row("entities", "u1").at("deleted"), "true");
  EXPECT_EQ(row("entities", "u1").at("name"), "Ada");
}

TEST_P(conformance, a_delete_of_what_is_not_there_is_unchanged) {
  EXPECT_EQ(put("entities", {user("u1", "Ada", {{"_deleted", "true"}})}).unchanged, 1);
  put("entities", {user("u2")});
  put("entities", {user("u2", "Ada", {{"_deleted", "true"}})});
  EXPECT_EQ(put("entities", {user("u2", "Ada", {{"_deleted", "true"}})}).unchanged, 1);
  EXPECT_EQ(rows("entities").size(), 1U);
}

TEST_P(conformance, a_tombstone_comes_back_as_an_update_even_with_the_same_values) {
  put("entities", {user("u1", "Ada")});
  const auto id = row("entities", "u1").at("id");
  put("entities", {user("u1", "Ada", {{"_deleted", "true"}})});
  EXPECT_EQ(put("entities", {user("u1", "Ada")}).updated, 1);
  EXPECT_EQ(row("entities", "u1").at("deleted"), "false");
  EXPECT_EQ(row("entities", "u1").at("id"), id);
}

TEST_P(conformance, a_tombstone_of_a_greater_version_is_not_undone_by_an_older_row) {
  put("entities", {user("u1", "Ada", {{"source_version", "1"}})});
  put("entities", {user("u1", "Ada", {{"source_version", "5"}, {"_deleted", "true"}})});
  EXPECT_EQ(put("entities", {user("u1", "Bob", {{"source_version", "4"}})}).stale, 1);
  EXPECT_EQ(row("entities", "u1").at("deleted"), "true");
}

TEST_P(conformance, an_older_delete_does_not_remove_a_newer_row) {
  put("entities", {user("u1", "Ada", {{"source_version", "5"}})});
  EXPECT_EQ(put("entities", {user("u1", "Ada", {{"source_version", "4"}, {"_deleted", "true"}})}).stale, 1);
  EXPECT_EQ(row("entities", "u1").at("deleted"), "false");
}

// covers: P20
TEST_P(conformance, tenants_do_not_see_each_other) {
  put("entities", {user("u1", "of acme")});
  auto other = request_for(7);
  other.tenant = "umbrella";
  const auto lease = session().start_run(other, {});
  ASSERT_EQ(lease.result, engine::run_lease::how::started);
  const auto attempt =
      session().begin_stage(lease.run_id, lease.epoch, {"s", engine::phase::background, false, true, "{}"});
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("entities"), {user("u1", "of umbrella")}));
  auto page = make_page(std::move(s));
  page.requested_at_us = 1;
  std::vector<engine::page_write> pages;
  pages.push_back(next_page(std::move(page)));
  pages[0].stage_epoch = attempt.epoch;
  pages[0].page_seq = 0;
  auto request = request_of(std::move(pages));
  request.run_id = lease.run_id;
  request.run_epoch = lease.epoch;
  request.tenant = "umbrella";
  EXPECT_EQ(counts_of(session().commit(request), 0, "entities").inserted, 1);
  EXPECT_EQ(rows("entities").size(), 2U);
}

// covers: U22
TEST_P(conformance, a_row_without_a_key_is_rejected_and_the_others_commit) {
  const auto c = put("entities",
                     {user("u1"), {{"kind", "user"}, {"name", "nobody"}}, {{"external_id", "u3"}}, user("")});
  EXPECT_EQ(c.rows, 4);
  EXPECT_EQ(c.inserted, 1);
  EXPECT_EQ(c.rejected, 3);
  const auto rejects = session().list_rejects("acme", run_id(1), 10);
  ASSERT_EQ(rejects.size(), 3U);
  EXPECT_EQ(rejects[0].what.field, "external_id");
  EXPECT_EQ(rejects[0].what.ordinal, -1) << "it is a row, not a record of the page";
  EXPECT_NE(rejects[0].what.raw.find("nobody"), std::string::npos);
}

// covers: P1
TEST_P(conformance, refused_rows_are_counted_with_their_rejects_and_not_stored) {
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("entities"), {user("u1"), user("u2")}));
  s[0].refused = {0, 1};
  auto page = make_page(std::move(s));
  page.rejects = {{1, "entities", "user u2", "name", "is too odd", "{}"},
                  {2, "entities", "user u3", "score", "no int", "{}"}};
  const auto c = counts_of(commit(next_page(std::move(page))), 0, "entities");
  EXPECT_EQ(c.rows, 3) << "u3 never got into the batch";
  EXPECT_EQ(c.inserted, 1);
  EXPECT_EQ(c.rejected, 2);
  EXPECT_TRUE(c.balances());
  EXPECT_EQ(session().list_rejects("acme", "", 10).size(), 2U);
}

TEST_P(conformance, a_refused_row_that_nobody_explains_fails_the_batch) {
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("entities"), {user("u1")}));
  s[0].refused = {1};
  EXPECT_EQ(refusal_code([&] { commit(next_page(make_page(std::move(s)))); }), code::bad_batch);
}

// covers: P2
TEST_P(conformance, a_page_that_fails_leaves_nothing_behind) {
  put("entities", {user("u1")});
  std::vector<engine::page_write> pages;
  for (const char* id : {"u2", "u3"}) {
    std::vector<engine::stream_rows> s;
    s.push_back(make_rows(stream_named("entities"), {user(id)}));
    pages.push_back(next_page(make_page(std::move(s))));
  }
  pages[1].page.children = {
      {"s", "0", "{}"}};  // an item of that name is there: the last statement of the commit fails
  auto request = request_of(std::move(pages));
  EXPECT_THROW(session().commit(request), engine::failure);
  EXPECT_EQ(rows("entities").size(), 1U);
  const auto shown = session().show_run(run_id(1));
  EXPECT_EQ(shown->stages.at(0).pages, 1);
  EXPECT_EQ(begin("s").open_items.at(0).page_seq, 1);
}

TEST_P(conformance, a_stream_that_no_plugin_declared_is_refused_by_name) {
  stream_schema other = stream_named("entities");
  other.name = "unheard";
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(other, {user("u1")}));
  const auto text = refusal_text([&] { commit(next_page(make_page(std::move(s)))); });
  EXPECT_NE(text.find("unheard"), std::string::npos) << text;
}

// covers: P7
TEST_P(conformance, a_hundred_thousand_rows_in_batches_are_stored_once_and_then_unchanged) {
  constexpr int batches = 5, each = 20'000;
  for (int round = 0; round < 2; ++round) {
    for (int b = 0; b < batches; ++b) {
      std::vector<cells> given;
      for (int i = 0; i < each; ++i) {
        const int n = b * each + i;
        given.push_back(user("u" + std::to_string(n), "name " + std::to_string(n),
                             {{"balance", std::to_string(n) + ".50"}}));
      }
      const auto c = put("entities", given);
      EXPECT_EQ(round == 0 ? c.inserted : c.unchanged, each);
    }
  }
  EXPECT_EQ(rows("entities").size(), 100'000U);
}

}  // namespace sluice::testing
