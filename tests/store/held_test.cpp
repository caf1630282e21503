// How many of some rows hold a value in a column: what a page is compared with that has none.
#include "harness.hpp"

namespace sluice::testing {
namespace {

std::string key_of(const std::string& id) { return "user\x1f" + id; }

}  // namespace

// covers: U23
TEST_P(conformance, values_are_counted_of_the_live_rows_that_have_one_of_the_keys) {
  put("entities", {user("a", "Ada", {{"active", "false"}, {"score", "0"}, {"source_version", "3"}}),
                   user("b", "", {{"attributes", R"({"x":1})"}, {"extra", "{}"}}),
                   {{"kind", "user"}, {"external_id", "c"}, {"ratio", "0"}, {"born", "0"}},
                   user("gone"),
                   user("other"),
                   {{"kind", "org"}, {"external_id", "a"}}});
  put("entities", {user("gone", "Ada", {{"_deleted", "true"}})});
  const std::vector<std::string> columns{"name", "active", "score",      "ratio",         "extra",
                                         "born", "seen",   "attributes", "source_version"};
  const auto got =
      session().inspect().count_held("acme", "entities", columns,
                                     {key_of("a"), key_of("b"), key_of("c"), key_of("gone"), key_of("never"),
                                      key_of(std::string("n\0", 2)), key_of("\xff")});
  EXPECT_EQ(got.rows, 3);
  EXPECT_EQ(got.held, (std::vector<std::int64_t>{2, 1, 1, 1, 1, 1, 0, 1, 1}))
      << "an empty text and a zero are values";
  const auto none = session().inspect().count_held("other", "entities", columns, {key_of("a")});
  EXPECT_EQ(none.rows, 0);
  EXPECT_EQ(none.held, std::vector<std::int64_t>(columns.size(), 0));
}

// covers: U23
TEST_P(conformance, a_parent_counts_as_a_value_once_it_is_there) {
  put("entities", {user("a")});
  put("tags", {{{"external_id", "t1"}, {"entity.kind", "user"}, {"entity.external_id", "a"}},
               {{"external_id", "t2"}, {"entity.kind", "user"}, {"entity.external_id", "never"}},
               {{"external_id", "t3"}}});
  const auto got = session().inspect().count_held("acme", "tags", {"entity_id"}, {"t1", "t2", "t3"});
  EXPECT_EQ(got.rows, 3);
  EXPECT_EQ(got.held, std::vector<std::int64_t>{1});
}

// covers: U23
TEST_P(conformance, no_values_can_be_counted_of_a_stream_that_nobody_has_declared) {
  EXPECT_EQ(refusal_code([&] { (void)session().inspect().count_held("acme", "nothing", {"x"}, {"a"}); }),
            "SLU-5040");
}

}  // namespace sluice::testing
