// What a mapping must not be. The manifest finds these first; a program never runs on a guess.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using testing::StartsWith;

std::string refusal(const std::string& spec) {
  try {
    (void)compile(spec, streams());
  } catch (const error& e) {
    EXPECT_EQ(e.code(), codes::bad_mapping);
    return e.what();
  }
  return "none";
}

std::string into(const std::string& inside) { return R"({"records":"","into":[{)" + inside + "}]}"; }
std::string mapped(const std::string& value) {
  return into(R"("stream":"things","map":{"external_id":{"at":"/id"},"count":)" + value + "}");
}

TEST(decode_compile, names_the_place_of_what_is_wrong) {
  EXPECT_EQ(refusal("["), "mapping, at its root: is not JSON");
  EXPECT_EQ(refusal(R"({"recrods":""})"), "mapping, at its root: doesn't know `recrods`");
  EXPECT_EQ(refusal(R"({"records":"data"})"), "mapping, at /records: `data` is not a JSON pointer");
  EXPECT_EQ(refusal(into(R"("stream":"nope","map":{})")),
            "mapping, at /into/0/stream: there is no stream `nope`");
  EXPECT_EQ(refusal(into(R"("stream":"things","map":{})")),
            "mapping, at /into/0/map: column `external_id` of `things` is required and not mapped");
  EXPECT_EQ(refusal(into(R"("stream":"links","map":{"from.external_id":{"at":"/x"}})")),
            "mapping, at /into/0/map: column `note` of `links` is required and not mapped");
  EXPECT_EQ(refusal(into(R"("stream":"things","map":{"external_id":{"at":"/x"},"colour":{"at":"/y"}})")),
            "mapping, at /into/0/map/colour: `things` has no column of this name to map");
  EXPECT_EQ(refusal(mapped(R"({"at":"^/x"})")),
            "mapping, at /into/0/map/count/at: `^/x` goes further up than there are enclosing records");
  EXPECT_EQ(refusal(mapped(R"({"at":"/x","const":1})")),
            "mapping, at /into/0/map/count: has to hold exactly one of at, const, concat, any, template");
  EXPECT_THAT(refusal(mapped(R"({"at":"/x","as":"money"})")),
              StartsWith("mapping, at /into/0/map/count/as: `money` is none"));
  EXPECT_EQ(refusal(mapped(R"({"at":"/x","as":"bool"})")),
            "mapping, at /into/0/map/count: `as` doesn't fit the type of the column");
  EXPECT_EQ(refusal(mapped(R"({"at":"/x","scale":1000})")),
            "mapping, at /into/0/map/count/scale: has to be within -100 and 100");
  EXPECT_EQ(refusal(mapped(R"({"at":"/x","as":"rfc3339","negate":true})")),
            "mapping, at /into/0/map/count: `scale` and `negate` are for numbers");
  EXPECT_EQ(refusal(mapped(R"({"at":"/x","then":"/y"})")),
            "mapping, at /into/0/map/count: has `then` without `first`");
  EXPECT_EQ(refusal(mapped(R"({"template":"${x"})")),
            "mapping, at /into/0/map/count/template: has a `${` that is not closed");
  EXPECT_EQ(refusal(mapped(R"({"any":{"at":"/x"}})")),
            "mapping, at /into/0/map/count/any: has to be a list of values");
  EXPECT_EQ(refusal(mapped(R"({"any":[{"at":"/x"},{"at":"/y","as":"bool"}]})")),
            "mapping, at /into/0/map/count: `as` doesn't fit the type of the column");
  EXPECT_EQ(
      refusal(mapped(R"({"any":[{"at":"/x"}],"negate":true})")),
      "mapping, at /into/0/map/count: has `as`, `scale` or `negate` beside `any`: they belong to its values");
  EXPECT_EQ(refusal(R"({"records":"","parse":["/a"," /b"]})"),
            "mapping, at /parse/1: ` /b` is not a JSON pointer: \"\" or /a/b, with ~0 for ~ and ~1 for /");
  EXPECT_EQ(refusal(R"({"records":"","parse":["/a","/ab","/a/b"]})"),
            "mapping, at /parse/2: `/a/b` and `/a` lie within each other");
  EXPECT_THAT(refusal(R"({"where":[{"at":"/x"}]})"), StartsWith("mapping, at /where/0: "));
  EXPECT_EQ(refusal(R"({"where":[{"at":"/x","exists":1}]})"),
            "mapping, at /where/0: `exists` has to be true or false");
  EXPECT_EQ(refusal(into(R"("stream":"links","explode":[{"at":"/a"},{"at":"^/b"}],"map":{})")),
            "mapping, at /into/0/explode/1/at: has to be within the element of the explode before it");
}

TEST(decode_compile, lists_the_streams_it_feeds_in_order) {
  const program p =
      compile(R"({"into":[{"stream":"links","map":{"from.external_id":{"at":"/a"},"note":{"const":"x"}}},
    {"stream":"things","map":{"external_id":{"at":"/a"}}},{"stream":"links","map":{"from.external_id":{"at":"/b"},"note":{"const":"y"}}}]})",
              streams());
  ASSERT_EQ(p.streams().size(), 2U);
  EXPECT_EQ(p.streams()[0].name, "links");
  EXPECT_EQ(p.streams()[1].name, "things");
}

}  // namespace
}  // namespace sluice::decode::test
