#include "http/scan.hpp"

#include <gtest/gtest.h>

#include <sluice/failure.hpp>

#include "http/codes.hpp"

namespace sluice::http {
namespace {

page_facts scan(std::string_view text, const page_plan& plan, const std::string& records = "/data") {
  page_body body(text);
  body.seal();
  return scanner().scan(body, plan, records);
}
page_plan plan_of(page_style style) {
  page_plan p;
  p.style = style;
  p.next = "/next";
  p.total = "/total";
  p.more = "/has_more";
  if (style == page_style::last_id) p.id = "/id";
  return p;
}
std::string code_of(std::string_view text, const page_plan& plan) {
  try {
    static_cast<void>(scan(text, plan));
  } catch (const failure& f) {
    return f.code();
  }
  return "none";
}

TEST(scan, finds_what_the_plan_asks_for_in_any_order) {
  const auto facts = scan(R"({"has_more":true,"next":"c\u0041/2","data":[{"id":1,"data":[1,2]},{"id":2}],"total":7})", plan_of(page_style::offset));
  EXPECT_EQ(facts.records, 2);
  EXPECT_EQ(facts.total, 7);
  EXPECT_EQ(facts.more, true);
  EXPECT_EQ(facts.next, "cA/2");
}

TEST(scan, a_cursor_may_be_a_number_of_any_length) {
  EXPECT_EQ(scan(R"({"data":[],"next": 123456789012345678901234567890 })", plan_of(page_style::cursor)).next, "123456789012345678901234567890");
}

TEST(scan, null_and_absent_cursors_are_the_end) {
  EXPECT_FALSE(scan(R"({"data":[],"next":null})", plan_of(page_style::cursor)).next.has_value());
  EXPECT_FALSE(scan(R"({"data":[]})", plan_of(page_style::cursor)).next.has_value());
  page_plan deep = plan_of(page_style::cursor);
  deep.next = "/paging/next";
  EXPECT_FALSE(scan(R"({"data":[],"paging":null})", deep).next.has_value());
}

// covers: U13
TEST(scan, a_cursor_of_another_type_is_refused) {
  for (const char* text : {R"({"data":[],"next":true})", R"({"data":[],"next":{"a":1}})", R"({"data":[],"next":[1]})"}) {
    EXPECT_EQ(code_of(text, plan_of(page_style::cursor)), codes::bad_cursor) << text;
  }
}

TEST(scan, records_at_the_root) {
  EXPECT_EQ(scan(R"([{"id":1},{"id":2},{"id":3}])", plan_of(page_style::offset), "").records, 3);
  EXPECT_EQ(scan(R"({"id":1})", plan_of(page_style::offset), "").records, 1);
  EXPECT_EQ(scan("[]", plan_of(page_style::offset), "").records, 0);
}

TEST(scan, a_records_pointer_that_leads_nowhere_counts_nothing) {
  EXPECT_EQ(scan(R"({"items":[1]})", plan_of(page_style::offset)).records, -1);
  EXPECT_EQ(scan(R"({"data":null})", plan_of(page_style::offset)).records, -1);
}

TEST(scan, the_last_records_id) {
  EXPECT_EQ(scan(R"({"data":[{"id":"a"},{"id":"b\"c"}]})", plan_of(page_style::last_id)).next, "b\"c");
  EXPECT_EQ(scan(R"({"data":[{"id":1},{"id": 9007199254740993 }]})", plan_of(page_style::last_id)).next, "9007199254740993");
  EXPECT_FALSE(scan(R"({"data":[]})", plan_of(page_style::last_id)).next.has_value());
}

// covers: U15
TEST(scan, a_record_without_the_id_that_leads_on_is_an_error_and_never_an_end) {
  page_plan by_offset = plan_of(page_style::offset);
  by_offset.id = "/id";
  for (const page_plan& plan : {plan_of(page_style::last_id), by_offset}) {
    EXPECT_EQ(code_of(R"({"data":[{"id":1},{"x":1}]})", plan), codes::bad_cursor);
    EXPECT_EQ(code_of(R"({"data":[{"id":null}]})", plan), codes::bad_cursor);
  }
}

// covers: U14
TEST(scan, the_ids_of_all_records_of_a_list_that_may_move) {
  page_plan plan = plan_of(page_style::offset);
  EXPECT_TRUE(scan(R"({"data":[{"id":1}]})", plan).ids.empty()) << "nobody asked";
  plan.id = "/who/id";
  const auto ids = scan(R"({"data":[{"who":{"id":"a"}},{"x":[1,{}],"who":{"y":0,"id": "b" },"z":1},{"who":{"id":"a"}}]})", plan).ids;
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_NE(ids[0], ids[1]);
}

// covers: U15
TEST(scan, totals_that_are_no_count_say_nothing) {
  for (const char* text : {R"({"data":[],"total":-1})", R"({"data":[],"total":"7"})", R"({"data":[],"total":null})"}) {
    EXPECT_EQ(scan(text, plan_of(page_style::offset)).total, -1) << text;
  }
}

// covers: U7
TEST(scan, broken_json_is_an_error_and_never_an_end) {
  for (const char* text : {R"({"data":[{"id":1},)", R"({"data":[1 2]})", R"({"data":[)"}) {
    EXPECT_EQ(code_of(text, plan_of(page_style::offset)), codes::not_json) << text;
  }
}

// covers: U8
TEST(scan, damaged_bytes_in_a_record_do_not_hide_what_leads_on) {
  const auto facts = scan("\xEF\xBB\xBF{\"data\":[\"\xFF\",\"\xC3\"],\"next\":\"c\xC3\xA9\",\"total\":2}", plan_of(page_style::offset));
  EXPECT_EQ(facts.records, 2);
  EXPECT_EQ(facts.total, 2);
  EXPECT_EQ(facts.next, "c\xC3\xA9");
  EXPECT_EQ(code_of("{\"data\":[],\"next\":\"c\xFF\"}", plan_of(page_style::cursor)), codes::bad_cursor);
}

// covers: U13
TEST(scan, the_same_records_have_the_same_hash_whatever_stands_around_them) {
  const auto hash = [](std::string_view text) { return scan(text, plan_of(page_style::cursor)).hash; };
  EXPECT_EQ(hash(R"({"data":[1,2],"next":"a"})"), hash(R"({"page":2,"next":"b","data":[1,2]})"));
  EXPECT_NE(hash(R"({"data":[1,2],"next":"a"})"), hash(R"({"data":[2,1],"next":"a"})"));
  EXPECT_EQ(hash(R"({"data":[],"next":"a"})"), 0U);
}

// covers: U18, P25
TEST(scan, a_hundred_thousand_brackets_do_no_harm) {
  EXPECT_EQ(code_of(std::string(100'000, '['), plan_of(page_style::offset)), codes::not_json);
}

}  // namespace
}  // namespace sluice::http
