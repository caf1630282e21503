// Tables made from declarations: made once, widened, refused.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;

TEST_P(conformance, a_second_migration_does_nothing) {
  const auto m = store().migrate();
  EXPECT_EQ(m.from, store::schema_version);
  EXPECT_EQ(m.to, store::schema_version);
  store().check_version();
}

TEST_P(conformance, streams_that_are_there_are_left_alone) {
  put("entities", {user("u1")});
  EXPECT_TRUE(store().ensure_streams("tests", "1.0.0", all_streams()).empty());
  EXPECT_EQ(rows("entities").size(), 1U);
}

TEST_P(conformance, a_new_column_is_added_and_old_rows_have_none) {
  put("entities", {user("u1")});
  auto wider = stream_named("entities");
  wider.columns.push_back({"email", column_type::text, false, {}});
  const auto lines = store().ensure_streams("tests", "1.1.0", {wider});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("email"), std::string::npos);
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(wider, {user("u2", "n", {{"email", "a@b"}})}));
  EXPECT_EQ(counts_of(commit(next_page(make_page(std::move(s)))), 0, "entities").inserted, 1);
  const auto stored = under_->rows(wider);
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_FALSE(stored[0].contains("email"));
  EXPECT_EQ(stored[1].at("email"), "a@b");
}

TEST_P(conformance, a_batch_of_an_older_declaration_is_refused) {
  auto wider = stream_named("entities");
  wider.columns.push_back({"email", column_type::text, false, {}});
  store().ensure_streams("tests", "1.1.0", {wider});
  EXPECT_EQ(refusal_code([&] { put("entities", {user("u1")}); }), code::unknown_stream);
}

// covers: S8
TEST_P(conformance, a_changed_type_is_refused_with_both_types) {
  auto other = stream_named("entities");
  other.columns[4].type = column_type::text;
  const auto text = refusal_text([&] { store().ensure_streams("tests", "2.0.0", {other}); });
  for (const char* word : {"entities", "score", "int64", "text"})
    EXPECT_NE(text.find(word), std::string::npos) << text;
  EXPECT_EQ(refusal_code([&] { store().ensure_streams("tests", "2.0.0", {other}); }), code::type_changed);
}

// covers: S8
TEST_P(conformance, a_removed_column_is_refused) {
  auto other = stream_named("entities");
  other.columns.pop_back();
  EXPECT_EQ(refusal_code([&] { store().ensure_streams("tests", "2.0.0", {other}); }), code::column_removed);
}

// covers: S8
TEST_P(conformance, a_changed_key_is_refused) {
  auto other = stream_named("entities");
  other.key = {"external_id"};
  EXPECT_EQ(refusal_code([&] { store().ensure_streams("tests", "2.0.0", {other}); }), code::key_changed);
}

TEST_P(conformance, a_reference_to_another_stream_is_refused) {
  auto other = stream_named("tags");
  other.references[0].to = "credits";
  EXPECT_EQ(refusal_code([&] { store().ensure_streams("tests", "2.0.0", {other}); }), code::type_changed);
}

TEST_P(conformance, two_plugins_cannot_have_one_table) {
  const auto text =
      refusal_text([&] { store().ensure_streams("rival", "1.0.0", {stream_named("entities")}); });
  for (const char* word : {"entities", "tests", "rival"})
    EXPECT_NE(text.find(word), std::string::npos) << text;
  EXPECT_EQ(refusal_code([&] { store().ensure_streams("rival", "1.0.0", {stream_named("entities")}); }),
            code::claimed);
}

TEST_P(conformance, tables_of_one_plugin_are_made_all_or_none) {
  auto fresh = stream_named("tags");
  fresh.name = "fresh";
  auto bad = stream_named("entities");
  bad.columns.pop_back();
  EXPECT_THROW(store().ensure_streams("tests", "2.0.0", {fresh, bad}), engine::failure);
  for (const auto& s : store().describe().streams) EXPECT_NE(s.name, "fresh");
  EXPECT_FALSE(store().ensure_streams("tests", "2.0.0", {fresh}).empty()) << "so it can be made now";
}

TEST_P(conformance, a_store_describes_itself) {
  const auto d = store().describe();
  EXPECT_EQ(d.kind, GetParam().name);
  EXPECT_EQ(d.schema, store::schema_version);
  EXPECT_EQ(d.streams.size(), all_streams().size());
  EXPECT_EQ(d.streams[0].plugin, "tests");
  EXPECT_FALSE(d.version.empty());
}

}  // namespace sluice::testing
