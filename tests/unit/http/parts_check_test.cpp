// What a range of numbered pages is held to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sluice/failure.hpp>

#include "http/codes.hpp"
#include "http/parts.hpp"
#include "unit/http/numbered.hpp"

namespace sluice::http {
namespace {
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string no_remark;

// The failure of a range that gets such a page.
failure refusal_of(const page_plan& plan, const page_place& here, const page_facts& facts) {
  try {
    static_cast<void>(next_in_range(plan, here, facts, no_remark));
  } catch (const failure& f) {
    return f;
  }
  ADD_FAILURE() << "was taken";
  return failure(status::internal, "", "");
}

// covers: U13
TEST(ranges, that_get_the_same_page_again_are_refused) {
  const page_plan plan = numbered(page_style::pages, 10, 2);
  const page_place here = ranges_of(plan, {}, saying(10, 95))[0];
  page_facts same = saying(10, 95);
  const auto next = next_in_range(plan, here, same, no_remark);
  const failure f = refusal_of(plan, *next, same);
  EXPECT_EQ(f.code(), codes::same_page);
  EXPECT_THAT(f.message(), HasSubstr("pages 2 and 3 hold the same records: the upstream ignores `page`"));
}

// Ranges of one page have none before it in their own.
// covers: U13, P6
TEST(ranges, that_get_the_first_page_again_are_refused) {
  const page_plan plan = numbered(page_style::pages, 10);
  const page_facts first = saying(10, 30);
  for (const page_place& range : ranges_of(plan, {}, first)) {
    const failure f = refusal_of(plan, page_place::parse(range.to_state()), first);
    EXPECT_EQ(f.code(), codes::same_page);
    EXPECT_THAT(f.message(), HasSubstr("pages 1 and " + std::to_string(range.page)));
  }
}

// covers: U15, P6
TEST(ranges, with_a_page_that_is_short_twice_are_refused) {
  const page_plan plan = numbered(page_style::pages, 10, 2);
  page_place here = ranges_of(plan, {}, saying(10, 95))[0];
  int pages = 0;
  for (; !here.range.again; ++pages) {
    ASSERT_LT(pages, 10);
    here = *next_in_range(plan, here, saying(here.page == 4 ? 9 : 10, 95), no_remark);
  }
  EXPECT_EQ(no_remark, "");
  while (here.page != 4) here = *next_in_range(plan, here, saying(10, 95), no_remark);
  const failure f = refusal_of(plan, here, saying(9, 95));
  EXPECT_EQ(f.code(), codes::short_list);
  EXPECT_THAT(f.message(),
              HasSubstr("says 95 records and gave 9 of 10 on page 4, twice; nothing was deleted"));
}

// covers: U15, P6
TEST(ranges, whose_end_is_short_twice_are_refused) {
  const page_plan plan = numbered(page_style::pages, 10, 2);
  const page_place tail = ranges_of(plan, {}, saying(10, 95)).back();
  auto again = next_in_range(plan, tail, saying(0, 95), no_remark);
  ASSERT_TRUE(again && again->range.again);
  while (again->page < tail.page) again = next_in_range(plan, *again, saying(10, 95), no_remark);
  const failure f = refusal_of(plan, *again, saying(0, 95));
  EXPECT_EQ(f.code(), codes::short_list);
  EXPECT_THAT(f.message(), HasSubstr("says 95 records and gave at most 50, twice"));
}

// covers: U15
TEST(ranges, where_it_is_enough_to_tell_are_read_once_and_told) {
  page_plan plan = numbered(page_style::pages, 10, 2);
  plan.strict = false;
  const auto all = ranges_of(plan, {}, saying(10, 95));
  std::string remark;
  EXPECT_FALSE(next_in_range(plan, all[1], saying(0, 95), remark));
  EXPECT_THAT(remark, StartsWith(codes::short_list));
  remark.clear();
  EXPECT_TRUE(next_in_range(plan, all[0], saying(3, 95), remark)) << "what follows is read all the same";
  EXPECT_THAT(remark, HasSubstr("gave 3 of 10 on page 2"));
}

// covers: U14
TEST(ranges, of_a_list_that_changes_while_they_are_read_again_are_told) {
  const page_plan plan = numbered(page_style::pages, 10, 4);
  page_place here = ranges_of(plan, {}, saying(10, 95))[1];
  std::string remark;
  std::int64_t total = 95;
  std::optional<page_place> next;
  while ((next = next_in_range(plan, here, saying(10, --total), remark))) here = *next;
  EXPECT_TRUE(here.range.again);
  EXPECT_THAT(remark, StartsWith(codes::shifted_list));
}

}  // namespace
}  // namespace sluice::http
