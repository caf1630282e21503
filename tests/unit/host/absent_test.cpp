// What is said of a pointer that finds nothing.
#include <gmock/gmock.h>

#include "host/absent.hpp"

namespace sluice::host {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

json_tree tree(const char* json) { return *parse_tree(json); }

TEST(why_missing, names_the_keys_that_are_there_and_the_one_that_was_meant) {
  const json_tree record = tree(R"({"id":1,"userName":"a","emailAddress":"a@x"})");
  EXPECT_EQ(why_missing(record, "/email").text(),
            "the keys are `id`, `userName`, `emailAddress`; did you mean `/emailAddress`?");
  EXPECT_EQ(why_missing(record, "/user_name").meant, "/userName");
  EXPECT_EQ(why_missing(record, "/usrName").meant, "/userName");
  EXPECT_EQ(why_missing(record, "/zzz").meant, "");
}

TEST(why_missing, goes_as_deep_as_the_pointer_leads) {
  const json_tree record = tree(R"({"profile":{"mail":"a@x"},"name":"b","tags":["t"]})");
  EXPECT_EQ(why_missing(record, "/profile/email").text(),
            "the keys at `/profile` are `mail`; did you mean `/profile/mail`?");
  EXPECT_EQ(why_missing(record, "/name/first").text(), "at `/name` there is \"b\"");
  EXPECT_EQ(why_missing(record, "/tags/0/x").text(), "at `/tags/0` there is \"t\"");
}

TEST(why_missing, finds_what_stands_elsewhere_and_prefers_what_stands_beside) {
  EXPECT_EQ(why_missing(tree(R"({"a":{"email":"x"}})"), "/email").meant, "/a/email");
  EXPECT_EQ(why_missing(tree(R"({"a":{"email":"x"},"eMail":"y"})"), "/email").meant, "/eMail");
  EXPECT_EQ(why_missing(tree(R"({"emails":[{"value":"x"}]})"), "/value").meant, "/emails/0/value");
  EXPECT_EQ(why_missing(tree(R"({"a/b":{"user~id":1}})"), "/user~0ids").meant, "/a~1b/user~0id");
}

TEST(why_missing, does_not_mean_what_is_null) {
  EXPECT_EQ(why_missing(tree(R"({"emailAddress":null})"), "/email").meant, "");
}

TEST(record_places, are_lists_of_objects_the_longest_first) {
  const json_tree page = tree(R"({"links":[{"a":1}],"d":{"items":[{"b":1},{"b":2}]},"tags":["x"]})");
  EXPECT_THAT(record_places(page), ElementsAre(Field(&record_place::pointer, "/d/items"),
                                               Field(&record_place::pointer, "/links")));
  EXPECT_THAT(record_places(tree(R"([{"a":1}])")), ElementsAre(Field(&record_place::pointer, "")));
  // An object without such a list is a record itself.
  EXPECT_THAT(record_places(tree(R"({"id":1})")), ElementsAre(Field(&record_place::pointer, "")));
}

TEST(why_no_records, names_the_lists_that_there_are) {
  const json_tree page = tree(R"({"data":[{"a":1},{"a":2}],"next":null})");
  EXPECT_EQ(why_no_records(page, "/items"),
            "the keys are `data`, `next`; did you mean `records`: `/data` (2 objects)?");
  EXPECT_THAT(why_no_records(tree(R"({"a":1})"), "/items"), HasSubstr("the answer itself is one record"));
  EXPECT_THAT(why_no_records(tree("[1,2]"), "/items"), Not(HasSubstr("did you mean")));
}

TEST(json_tree, keeps_digits_order_and_the_last_of_two_keys) {
  const json_tree t = tree(R"({"z":12.500,"a":9007199254740993,"z":1.0})");
  EXPECT_THAT(t.keys, ElementsAre("z", "a", "z"));
  EXPECT_EQ(t.find("a")->text, "9007199254740993");
  EXPECT_EQ(t.find("z")->text, "1.0");
  EXPECT_EQ(t.items.front().text, "12.500");
}

TEST(json_tree, refuses_what_is_no_json_or_too_deep) {
  EXPECT_FALSE(parse_tree("<html>"));
  EXPECT_FALSE(parse_tree(R"({"a":)"));
  EXPECT_TRUE(parse_tree(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(parse_tree(std::string(201, '[') + std::string(201, ']')));
}

TEST(json_tree, reads_lines_and_tables) {
  const json_tree lines = *page_tree({decode::format::ndjson, "{\"a\":1}\n\n{\"a\":2}\n"});
  EXPECT_EQ(lines.items.size(), 2U);
  const json_tree rows = *page_tree({decode::format::csv, "id,name\n7,\n"});
  EXPECT_EQ(rows.items.front().find("id")->text, "7");
  EXPECT_TRUE(rows.items.front().find("name")->holds(json_tree::type::null));
}

TEST(json_tree, makes_json_of_texts_in_each_record) {
  json_tree page = tree(R"({"d":[{"x":"{\"y\":5}"},{"x":"no"},{}]})");
  unfold(page, "/d", "/x");
  EXPECT_EQ(at_pointer(page, "/d/0/x/y")->text, "5");
  EXPECT_EQ(at_pointer(page, "/d/1/x")->text, "no");
}

}  // namespace
}  // namespace sluice::host
