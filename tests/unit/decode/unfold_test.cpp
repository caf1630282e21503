// Texts that hold JSON: read as if what they hold stood in their place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decode/text.hpp"
#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using testing::StartsWith;

const std::string spec =
    R"({"records":"","parse":["/body","/more/note"],"where":[{"at":"/body/skip","not":true}],
  "keep":{"id":{"at":"/body/id"}},"children":[{"stage":"r.all","if":[{"at":"/body/id","exists":true}]}],
  "into":[{"stream":"things","map":{"external_id":{"at":"/id"},"name":{"at":"/body/name"},"extra":{"at":"/more/note"}},"attributes":["/body"]},
    {"stream":"links","explode":[{"at":"/body/roles","key":"n"}],
     "map":{"from.external_id":{"at":"^/id"},"to.external_id":{"at":"/id"},"note":{"template":"${n}"}}}]})";

std::string record(const std::string& id, const std::string& body, const std::string& note = "null") {
  std::string quoted;
  append_quoted(quoted, body);
  return R"({"id":")" + id + R"(","body":)" + quoted + R"(,"more":{"note":)" + note + "}}";
}

TEST(decode_unfold, all_sees_what_the_text_holds) {
  const decoded d =
      run(spec, "[" +
                    record("1", R"({"id":7,"name":"Zoë \"Z\" \\ 🦊","roles":[{"id":"a"},{"id":"b"}]})",
                           R"("[1, 2]")") +
                    "," + record("2", R"( {"skip":true} )") + "," + record("3", R"({"roles":[{"id":"c"}]})") +
                    "]");
  EXPECT_EQ(d.cell("things", "name", 0), "Zoë \"Z\" \\ 🦊");
  EXPECT_EQ(d.cell("things", "extra", 0), "[1,2]");
  EXPECT_EQ(d.cell("things", "attributes", 1), R"({"body":{"roles":[{"id":"c"}]}})");
  EXPECT_EQ(d.accepted("links"), 3);
  EXPECT_EQ(d.cell("links", "external_id", 1), "1/b/1");
  EXPECT_EQ(d.cell("links", "to.external_id", 2), "c");
  EXPECT_EQ(d.out.filtered, 1);
  ASSERT_EQ(d.out.children.size(), 1U);
  EXPECT_EQ(d.out.children[0].vars, R"({"parent.id":"7"})");
}

TEST(decode_unfold, what_is_no_text_stays_and_an_empty_text_is_null) {
  const decoded d = run(
      spec,
      R"([{"id":"1","body":{"name":"is JSON already"}},{"id":"2"},{"id":"3","body":null},{"id":"4","body":" \n"}])");
  EXPECT_EQ(d.cell("things", "name", 0), "is JSON already");
  for (std::size_t row = 1; row < 4; ++row) EXPECT_EQ(d.cell("things", "name", row), std::nullopt);
  EXPECT_EQ(d.cell("things", "attributes", 3), R"({"body":null})");
}

TEST(decode_unfold, a_text_that_is_no_json_costs_its_own_record) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"{", "holds a text that is no JSON: expected"},
      {"plain words", "holds a text that is no JSON: expected a value"},
      {"\"open", "holds a text that is no JSON: \"\"open\""},
      {R"({"a":1} {"a":2})", "holds a text that is no JSON: expected nothing more"},
      {R"(1}, "x": {"y": 2)", "holds a text that is no JSON: expected nothing more"},
      {R"({"a":"b)"
       "\n"
       R"("})",
       "holds a text that is no JSON: "}};
  for (const auto& [text, why] : bad) {
    const decoded d = run(spec, "[" + record("1", text) + "," + record("2", R"({"name":"good"})") + "]");
    ASSERT_EQ(d.out.rejects.size(), 1U) << text;
    EXPECT_EQ(d.out.rejects[0].field, "/body") << text;
    EXPECT_THAT(d.out.rejects[0].reason, StartsWith(why)) << text;
    EXPECT_EQ(d.out.rejects[0].raw, record("1", text)) << "as it came";
    EXPECT_EQ(d.cell("things", "name"), "good");
  }
}

TEST(decode_unfold, the_limits_hold_for_what_comes_out) {
  EXPECT_EQ(run(spec, record("1", std::string(63, '[') + std::string(63, ']'))).refusal(), "0 rejects");
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(run(spec, record("1", deep)).refusal(), ": is nested deeper than 64 levels");
  EXPECT_THAT(run(spec, record("1", R"({"name":"\u0000"})")).refusal(), StartsWith("name: "));
}

TEST(decode_unfold, lines_of_csv_hold_json_too) {
  const decoded d = run(spec, "id,body\n1,\"{\"\"name\"\":\"\"from a cell\"\"}\"\n", format::csv);
  EXPECT_EQ(d.cell("things", "name"), "from a cell");
  EXPECT_EQ(
      run(R"({"records":"","parse":[""],"into":[{"stream":"things","map":{"external_id":{"at":"/id"}}}]})",
          R"(["{\"id\":\"x\"}"])")
          .cell("things", "external_id"),
      "x");
}

}  // namespace
}  // namespace sluice::decode::test
