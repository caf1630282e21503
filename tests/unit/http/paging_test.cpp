#include "http/paging.hpp"

#include <gtest/gtest.h>

#include <sluice/failure.hpp>

#include "http/codes.hpp"

namespace sluice::http {
namespace {

page_plan cursor_plan() {
  page_plan p;
  p.style = page_style::cursor;
  p.param = "cursor";
  p.next = "/next";
  return p;
}
page_plan offset_plan(std::int64_t size) {
  page_plan p;
  p.style = page_style::offset;
  p.param = "offset";
  p.size = size;
  return p;
}
page_facts with_next(std::string next) { return {.next = std::move(next)}; }
page_facts counted(std::int64_t n, std::int64_t total = -1, std::uint64_t hash = 0) {
  page_facts f{.records = n, .total = total};
  f.hash = hash != 0 ? hash : static_cast<std::uint64_t>(n) * 31 + static_cast<std::uint64_t>(total);
  return f;
}
template <class Fn>
failure failure_of(Fn&& fn) {
  try {
    fn();
  } catch (const failure& f) {
    return f;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {status::internal, "", ""};
}
// Follows cursors that the upstream gives page by page, with a trip through the stored text each time.
failure walk(const std::vector<std::string>& start, const std::vector<std::string>& circle, std::size_t most) {
  return failure_of([&] {
    std::string state;
    for (std::size_t i = 0; i < most; ++i) {
      const std::string& next = i < start.size() ? start[i] : circle[(i - start.size()) % circle.size()];
      state = next_place(cursor_plan(), page_place::parse(state), with_next(next))->to_state();
    }
  });
}

TEST(paging, no_page_follows_without_a_style) {
  EXPECT_FALSE(next_place({}, {}, with_next("x")).has_value());
}

TEST(paging, a_cursor_leads_on_until_it_is_absent_or_empty) {
  const auto second = next_place(cursor_plan(), {}, with_next("abc"));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->page, 2);
  EXPECT_EQ(second->cursor, "abc");
  EXPECT_FALSE(next_place(cursor_plan(), *second, {}).has_value());
  EXPECT_FALSE(next_place(cursor_plan(), *second, with_next("")).has_value());
}

TEST(paging, a_cursor_that_names_its_own_page_is_a_loop_with_both_pages_named) {
  const failure f = walk({"a"}, {"a"}, 3);
  EXPECT_EQ(f.code(), codes::cursor_loop);
  EXPECT_NE(f.message().find("page 2 names the same next page as page 1"), std::string::npos) << f.message();
}

TEST(paging, a_circle_of_two_is_found_at_once) { EXPECT_EQ(walk({"x"}, {"a", "b"}, 4).code(), codes::cursor_loop); }

TEST(paging, a_circle_longer_than_the_memory_is_found_too) {
  std::vector<std::string> circle;
  for (int i = 0; i < 100; ++i) circle.push_back("c" + std::to_string(i));
  EXPECT_EQ(walk({"x", "y", "z"}, circle, 400).code(), codes::cursor_loop);
}

TEST(paging, a_thousand_different_cursors_are_no_loop_and_the_state_stays_small) {
  std::string state;
  for (int i = 0; i < 1'000; ++i) {
    state = next_place(cursor_plan(), page_place::parse(state), with_next(std::string(3000, 'c') + std::to_string(i)))->to_state();
    ASSERT_LE(state.size(), 4096U);
  }
}

TEST(paging, a_cursor_too_long_to_keep_is_refused) {
  const failure f = failure_of([] { static_cast<void>(next_place(cursor_plan(), {}, with_next(std::string(5000, 'c')))); });
  EXPECT_EQ(f.code(), codes::bad_cursor);
  EXPECT_NE(f.message().find("5000 bytes"), std::string::npos);
}

TEST(paging, offsets_advance_by_what_was_received) {
  const auto second = next_place(offset_plan(100), {}, counted(100));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->received, 100);
  EXPECT_FALSE(next_place(offset_plan(100), *second, counted(40)).has_value());
}

TEST(paging, a_page_shorter_than_asked_is_not_the_end_while_the_total_says_more) {
  const auto second = next_place(offset_plan(1000), {}, counted(200, 500));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->received, 200);
  EXPECT_TRUE(next_place(offset_plan(1000), *second, counted(200, 500, 6)).has_value());
  page_place last = *second;
  last.received = 300;
  EXPECT_FALSE(next_place(offset_plan(1000), last, counted(200, 500, 7)).has_value());
}

TEST(paging, a_total_smaller_than_what_came_ends_nothing) {
  EXPECT_TRUE(next_place(offset_plan(100), {}, counted(100, 10)).has_value());
}

TEST(paging, an_empty_page_is_the_end_whatever_the_total_says) {
  EXPECT_FALSE(next_place(offset_plan(100), {}, counted(0, 500)).has_value());
}

TEST(paging, more_true_goes_on_after_a_short_page_and_more_false_ends_a_full_one) {
  page_facts facts = counted(10);
  facts.more = true;
  EXPECT_TRUE(next_place(offset_plan(100), {}, facts).has_value());
  facts = counted(100);
  facts.more = false;
  EXPECT_FALSE(next_place(offset_plan(100), {}, facts).has_value());
}

TEST(paging, the_same_page_twice_means_that_the_upstream_ignores_the_parameter) {
  const auto second = next_place(offset_plan(100), {}, counted(100, -1, 42));
  const failure f = failure_of([&] { static_cast<void>(next_place(offset_plan(100), *second, counted(100, -1, 42))); });
  EXPECT_EQ(f.code(), codes::same_page);
  EXPECT_NE(f.message().find("pages 1 and 2"), std::string::npos);
}

TEST(paging, the_number_of_pages_has_a_limit) {
  page_plan plan = offset_plan(1);
  plan.max_pages = 2;
  const auto second = next_place(plan, {}, counted(1, -1, 1));
  const failure f = failure_of([&] { static_cast<void>(next_place(plan, *second, counted(1, -1, 2))); });
  EXPECT_EQ(f.code(), codes::too_many_pages);
}

TEST(paging, a_state_that_is_not_ours_is_refused) {
  for (const char* state : {"x", "{}", R"({"v":2,"page":2,"received":0})", R"({"v":1,"page":0,"received":0})"}) {
    EXPECT_EQ(failure_of([&] { static_cast<void>(page_place::parse(state)); }).code(), codes::bad_state) << state;
  }
}

TEST(paging, a_last_id_ends_on_a_short_page_or_when_more_is_false) {
  page_plan plan = cursor_plan();
  plan.style = page_style::last_id;
  plan.size = 2;
  page_facts facts{.records = 2, .next = "id-2"};
  EXPECT_TRUE(next_place(plan, {}, facts).has_value());
  facts.records = 1;
  EXPECT_FALSE(next_place(plan, {}, facts).has_value());
  facts.more = true;
  EXPECT_TRUE(next_place(plan, {}, facts).has_value());
}

}  // namespace
}  // namespace sluice::http
