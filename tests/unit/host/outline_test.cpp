// The shape of an answer, and what it tells of further pages.
#include <gmock/gmock.h>

#include "host/absent.hpp"
#include "host/outline.hpp"

namespace sluice::host {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

std::vector<outline_field> fields(const json_tree& list) {
  std::vector<const json_tree*> records;
  for (const json_tree& r : list.items) records.push_back(&r);
  return fields_of(records);
}

const outline_field& at(const std::vector<outline_field>& all, const std::string& pointer) {
  for (const outline_field& f : all) {
    if (f.pointer == pointer) return f;
  }
  throw std::runtime_error("no field " + pointer);
}

TEST(outline, counts_types_and_how_often_a_value_is_there) {
  const json_tree list = *parse_tree(R"([{"id":"a","n":null,"o":{"x/y":1}},{"id":"b","n":2.50},{"id":"c"}])");
  const auto all = fields(list);
  EXPECT_EQ(at(all, "/id").types, "text");
  EXPECT_EQ(at(all, "/id").in, 3U);
  EXPECT_EQ(at(all, "/id").example, "\"a\"");
  EXPECT_EQ(at(all, "/n").types, "number or null");
  EXPECT_EQ(at(all, "/n").in, 2U);
  EXPECT_EQ(at(all, "/n").example, "2.50");
  EXPECT_EQ(at(all, "/o/x~1y").in, 1U);
  EXPECT_TRUE(at(all, "/id").unique);
  EXPECT_FALSE(at(all, "/n").unique);
}

TEST(outline, names_what_lists_hold) {
  const auto all = fields(*parse_tree(R"([{"e":[{"value":1,"type":2}],"t":["x","y"]},{"e":[],"t":["z"]}])"));
  EXPECT_EQ(at(all, "/e").types, "list of 0 to 1: value, type");
  EXPECT_EQ(at(all, "/t").types, "list of 1 to 2: text");
  EXPECT_THAT(fields(*parse_tree(R"([1,2])")), IsEmpty());
}

TEST(outline, offers_as_key_what_is_another_one_each_time) {
  const auto of = [](const char* json) {
    const json_tree list = *parse_tree(json);
    return key_candidates(fields(list), list.items.size());
  };
  EXPECT_THAT(
      of(R"([{"name":"a","id":1,"at":{"id":1},"created_at":"x"},{"name":"b","id":2,"at":{"id":2},"created_at":"y"}])"),
      ElementsAre("/id", "/at/id", "/name"));
  EXPECT_THAT(of(R"([{"id":1,"name":"a"},{"id":1,"name":"b"}])"), ElementsAre("/name"));
  // Of one record each value is another one: the name has to speak.
  EXPECT_THAT(of(R"([{"title":"a","user_id":"x"}])"), ElementsAre("/user_id"));
}

std::vector<std::string> pages(const char* json, const std::string& records,
                               const header_list& headers = {}) {
  std::vector<std::string> out;
  for (const paging_hint& h : paging_hints(*parse_tree(json), records, headers)) {
    if (!h.page.empty()) out.push_back(h.page);
  }
  return out;
}

TEST(paging_hints, know_the_usual_ways) {
  EXPECT_THAT(pages(R"({"data":[],"next":"abc"})", "/data"),
              ElementsAre("{ style: cursor, next: /next, param: cursor }"));
  EXPECT_THAT(pages(R"({"items":[],"paging":{"next":"https://x/y?p=2"}})", "/items"),
              ElementsAre("{ style: link, next: /paging/next }"));
  EXPECT_THAT(pages(R"({"items":[],"@odata.nextLink":"https://x/y"})", "/items"),
              ElementsAre("{ style: link, next: /@odata.nextLink }"));
  EXPECT_THAT(pages(R"({"data":[],"has_more":true})", "/data"),
              ElementsAre("{ style: last_id, id: /id, param: starting_after, more: /has_more }"));
  EXPECT_THAT(
      pages(R"({"Resources":[],"totalResults":9,"startIndex":1})", "/Resources"),
      ElementsAre(
          "{ style: offset, param: startIndex, base: 1, size: { count: 100 }, total: /totalResults }"));
  EXPECT_THAT(pages("[{}]", "", {{"link", "<https://x?page=2>; rel=\"next\""}}),
              ElementsAre("{ style: link }"));
}

TEST(paging_hints, offer_nothing_where_nothing_speaks_of_pages) {
  EXPECT_THAT(paging_hints(*parse_tree(R"({"data":[{"next":"x"}],"name":"y"})"), "/data", {}), IsEmpty());
  const auto last = paging_hints(*parse_tree(R"({"data":[],"next":null})"), "/data", {});
  EXPECT_THAT(last, ElementsAre(Field(&paging_hint::found, "`/next` is null: this is the last page")));
}

}  // namespace
}  // namespace sluice::host
