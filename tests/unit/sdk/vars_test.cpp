#include <gmock/gmock.h>

#include <sluice/vars.hpp>

namespace {

using sluice::vars;

std::string refusal(std::string_view json) {
  try {
    static_cast<void>(vars::parse(json));
  } catch (const sluice::failure& f) {
    EXPECT_EQ(f.kind(), sluice::status::invalid);
    return f.message();
  }
  return "accepted";
}

TEST(vars, read_a_flat_object_of_texts) {
  const vars v = vars::parse(R"( {"tenant" : "acme", "parent.id":"r 3/ü%" , "empty":""} )");
  ASSERT_NE(v.find("parent.id"), nullptr);
  EXPECT_EQ(*v.find("parent.id"), "r 3/ü%");
  EXPECT_EQ(*v.find("empty"), "");
  EXPECT_EQ(v.find("tenan"), nullptr);
  EXPECT_EQ(v.entries().size(), 3U);
  EXPECT_TRUE(vars::parse("{}").entries().empty());
}

TEST(vars, undo_every_escape) {
  EXPECT_EQ(*vars::parse(R"({"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83e\udd8a"})").find("a"),
            "\"\\/\b\f\n\r\tAé€🦊");
  EXPECT_EQ(*vars::parse(R"({"a":"x\u0000y"})").find("a"), std::string("x\0y", 3));
}

TEST(vars, refuse_everything_else) {
  const std::string_view wrong[] = {"",
                                    "[]",
                                    "null",
                                    "{",
                                    "{}x",
                                    R"({"a"})",
                                    R"({"a":})",
                                    R"({"a":1})",
                                    R"({"a":null})",
                                    R"({"a":{}})",
                                    R"({"a":"b",})",
                                    R"({"a":"b" "c":"d"})",
                                    R"({a:"b"})",
                                    R"({"a":"b)",
                                    R"({"a":"\x"})",
                                    R"({"a":"\u12"})",
                                    R"({"a":"\ud83e"})",
                                    R"({"a":"\udd8a"})",
                                    R"({"a":"\ud83e\u0041"})",
                                    "{\"a\":\"\n\"}",
                                    R"({"a":"\)"};
  for (const std::string_view json : wrong) {
    EXPECT_THAT(refusal(json), testing::StartsWith("the variables are not a flat JSON object")) << json;
  }
  EXPECT_EQ(refusal(R"({"a":"1","b":"2","a":"3"})"), "the variable `a` is given twice");
}

// covers: P25
TEST(vars, survive_a_text_that_ends_anywhere) {
  const std::string whole = R"({"a":"\ud83e\udd8a","b":"\u00e9\n"})";
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_NE(refusal(whole.substr(0, n)), "accepted") << n;
}

}  // namespace
