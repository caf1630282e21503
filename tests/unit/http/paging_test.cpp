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

// covers: U13
TEST(paging, a_cursor_that_names_its_own_page_is_a_loop_with_both_pages_named) {
  const failure f = walk({"a"}, {"a"}, 3);
  EXPECT_EQ(f.code(), codes::cursor_loop);
  EXPECT_NE(f.message().find("page 2 names the same next page as page 1"), std::string::npos) << f.message();
}

// covers: U13
TEST(paging, a_circle_of_two_is_found_at_once) { EXPECT_EQ(walk({"x"}, {"a", "b"}, 4).code(), codes::cursor_loop); }

// covers: U13
TEST(paging, a_circle_longer_than_the_memory_is_found_too) {
  std::vector<std::string> circle;
  for (int i = 0; i < 100; ++i) circle.push_back("c" + std::to_string(i));
  EXPECT_EQ(walk({"x", "y", "z"}, circle, 400).code(), codes::cursor_loop);
}

// covers: U13
TEST(paging, a_thousand_different_cursors_are_no_loop_and_the_state_stays_small) {
  std::string state;
  for (int i = 0; i < 1'000; ++i) {
    state = next_place(cursor_plan(), page_place::parse(state), with_next(std::string(3000, 'c') + std::to_string(i)))->to_state();
    ASSERT_LE(state.size(), 4096U);
  }
}

// covers: U13, P25
TEST(paging, a_cursor_of_the_longest_length_is_kept_and_one_byte_more_is_not) {
  for (const std::size_t n : {3499U, 3500U}) {
    const auto next = next_place(cursor_plan(), {}, with_next(std::string(n, 'x')));
    EXPECT_LE(next->to_state().size(), 4096U);
  }
  EXPECT_EQ(failure_of([] { static_cast<void>(next_place(cursor_plan(), {}, with_next(std::string(3501, 'x')))); }).code(), codes::bad_cursor);
}

// covers: U13
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

// covers: U15
TEST(paging, a_total_smaller_than_what_came_ends_nothing) {
  EXPECT_TRUE(next_place(offset_plan(100), {}, counted(100, 10)).has_value());
}

// covers: U15
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

// covers: U12, U13
TEST(paging, the_same_page_twice_means_that_the_upstream_ignores_the_parameter) {
  const auto second = next_place(offset_plan(100), {}, counted(100, -1, 42));
  const failure f = failure_of([&] { static_cast<void>(next_place(offset_plan(100), *second, counted(100, -1, 42))); });
  EXPECT_EQ(f.code(), codes::same_page);
  EXPECT_NE(f.message().find("pages 1 to 2"), std::string::npos);
}

// covers: U12, U13
TEST(paging, the_same_records_behind_other_cursors_are_found_with_the_third_page) {
  page_facts stuck = with_next("a");
  stuck.hash = 7;
  const auto second = next_place(cursor_plan(), {}, stuck);
  stuck.next = "b";
  const auto third = next_place(cursor_plan(), page_place::parse(second->to_state()), stuck);
  ASSERT_TRUE(third.has_value());  // sent twice: that happens, and is counted as duplicates
  stuck.next = "c";
  const failure f = failure_of([&] { static_cast<void>(next_place(cursor_plan(), page_place::parse(third->to_state()), stuck)); });
  EXPECT_EQ(f.code(), codes::same_page);
  EXPECT_NE(f.message().find("pages 1 to 3"), std::string::npos) << f.message();
}

// Reads pages of these sizes, each saying that there are so many; what becomes of the end.
struct ending {
  std::optional<page_place> place;
  std::string remark;
};
ending end_of(const page_plan& plan, const std::vector<std::pair<std::int64_t, std::int64_t>>& sizes_and_totals, bool again = false) {
  page_place here;
  here.again = again;
  ending out;
  for (std::size_t i = 0; i < sizes_and_totals.size(); ++i) {
    const page_facts facts = counted(sizes_and_totals[i].first, sizes_and_totals[i].second, i + 1);
    if (i + 1 == sizes_and_totals.size()) {
      out.place = place_after_end(plan, here, facts, out.remark);
      break;
    }
    here = page_place::parse(next_place(plan, here, facts)->to_state());
  }
  return out;
}

// covers: U15, P6
TEST(paging, a_list_that_is_short_of_its_total_is_read_once_more_and_then_refused) {
  const page_plan plan = offset_plan(10);
  EXPECT_FALSE(end_of(plan, {{10, 15}, {5, 15}}).place.has_value());
  const ending first = end_of(plan, {{10, 15}, {4, 15}});
  ASSERT_TRUE(first.place.has_value());
  EXPECT_EQ(page_place::parse(first.place->to_state()).page, 1);
  EXPECT_TRUE(page_place::parse(first.place->to_state()).again);
  const failure f = failure_of([&] { static_cast<void>(end_of(plan, {{10, 15}, {4, 15}}, true)); });
  EXPECT_EQ(f.code(), codes::short_list);
  EXPECT_NE(f.message().find("15 records and gave 14"), std::string::npos) << f.message();
}

// covers: U15
TEST(paging, a_short_list_is_only_told_where_that_is_asked_for) {
  page_plan plan = offset_plan(10);
  plan.strict = false;
  const ending e = end_of(plan, {{10, 15}, {4, 15}});
  EXPECT_FALSE(e.place.has_value());
  EXPECT_NE(e.remark.find("15 records and gave 14"), std::string::npos) << e.remark;
}

// covers: U14
TEST(paging, numbered_pages_of_a_list_that_changed_are_read_once_more) {
  const page_plan plan = offset_plan(10);
  EXPECT_TRUE(end_of(plan, {{10, 15}, {4, 14}}).place.has_value());
  const ending again = end_of(plan, {{10, 15}, {4, 14}}, true);
  EXPECT_FALSE(again.place.has_value());
  EXPECT_NE(again.remark.find("15 records, then 14"), std::string::npos) << again.remark;
}

// covers: U14
TEST(paging, a_cursor_stays_where_it_is_while_the_list_changes) {
  page_plan plan = cursor_plan();
  page_facts first = with_next("a"), last;
  first.records = 10, first.total = 15, first.hash = 1;
  const auto second = next_place(plan, {}, first);
  std::string remark;
  last.records = 5, last.total = 14, last.hash = 2;
  EXPECT_FALSE(place_after_end(plan, *second, last, remark).has_value());
  last.records = 4;  // one of those that were left is gone
  EXPECT_FALSE(place_after_end(plan, *second, last, remark).has_value());
  last.records = 3;
  EXPECT_TRUE(place_after_end(plan, *second, last, remark).has_value());
  EXPECT_EQ(remark, "");
}

// covers: U13
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
