#include "http/parts.hpp"

#include <deque>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "unit/http/numbered.hpp"

namespace sluice::http {
namespace {

using pair = std::pair<std::int64_t, std::int64_t>;
std::vector<pair> bounds(const std::vector<page_place>& ranges) {
  std::vector<pair> out;
  for (const page_place& r : ranges) out.emplace_back(r.range.first, r.range.last);
  return out;
}

TEST(ranges, cover_all_pages_behind_the_first_and_leave_the_end_open) {
  const auto two = ranges_of(numbered(page_style::pages, 10, 2), {}, saying(10, 95));
  EXPECT_EQ(bounds(two), (std::vector<pair>{{2, 5}, {6, 0}}));
  const auto many = ranges_of(numbered(page_style::pages, 10), {}, saying(10, 1'000));
  ASSERT_EQ(many.size(), 16U);
  std::int64_t next = 2;
  for (const page_place& r : many) {
    EXPECT_EQ(r.range.first, next);
    EXPECT_EQ(r.received, (r.page - 1) * 10);
    next = r.range.last + 1;
  }
  EXPECT_EQ(many.back().range.last, 0);
  EXPECT_LE(many.back().range.first, 100);
  EXPECT_EQ(ranges_of(numbered(page_style::offset, 10), {}, saying(10, 30)).size(), 2U);
}

TEST(ranges, are_made_only_where_the_numbers_can_be_believed) {
  const page_plan plan = numbered(page_style::pages, 10);
  EXPECT_TRUE(ranges_of(plan, {}, saying(10, -1)).empty()) << "no total";
  EXPECT_TRUE(ranges_of(plan, {}, saying(5, 95)).empty()) << "the server gives less than it is asked for";
  EXPECT_TRUE(ranges_of(plan, {}, saying(10, 20)).empty()) << "one more page";
  EXPECT_TRUE(ranges_of(numbered(page_style::cursor, 10), {}, saying(10, 95)).empty());
  EXPECT_TRUE(ranges_of(numbered(page_style::pages, 10, 1), {}, saying(10, 95)).empty()) << "not wanted";
  EXPECT_TRUE(ranges_of(numbered(page_style::pages, 0), {}, saying(10, 95)).empty()) << "no size";
  page_place later;
  later.page = 2;
  EXPECT_TRUE(ranges_of(plan, later, saying(10, 95)).empty());
}

TEST(ranges, keep_their_place_in_the_stored_text) {
  const auto all = ranges_of(numbered(page_style::pages, 10, 2), {}, saying(10, 95));
  const page_place back = page_place::parse(all[0].to_state());
  EXPECT_EQ(back.page, 2);
  EXPECT_EQ(back.received, 10);
  EXPECT_EQ(bounds({back}), (std::vector<pair>{{2, 5}}));
  EXPECT_EQ(back.range.total, 95);
  page_place again = back;
  again.page = 1, again.range.again = true, again.range.moved = true;
  EXPECT_TRUE(page_place::parse(again.to_state()).range.again);
  EXPECT_TRUE(page_place::parse(again.to_state()).range.moved);
}

std::string no_remark;

// A list whose records are deleted and added while its ranges are read in any order.
struct moving_list {
  std::deque<int> ids;
  std::mt19937_64 random;
  std::set<int> seen;

  page_facts read(const page_plan& plan, const page_place& at) {
    const auto start = static_cast<std::size_t>((at.page - 1) * plan.size);
    std::int64_t count = 0;
    for (std::size_t i = start; i < ids.size() && count < plan.size; ++i, ++count) seen.insert(ids[i]);
    return saying(count, static_cast<std::int64_t>(ids.size()));
  }
  void shrink(std::size_t most) {
    for (std::size_t n = 1 + random() % most; n > 0 && ids.size() > 1; --n) {
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(random() % ids.size()));
    }
  }
  void grow() { ids.push_back(1'000'000 + static_cast<int>(random() % 1'000'000)); }
};

// covers: U14
TEST(ranges, miss_nothing_that_was_there_all_the_time_when_the_list_shrinks_once) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    moving_list list{{}, std::mt19937_64(seed), {}};
    for (int i = 0; i < 40 + static_cast<int>(list.random() % 200); ++i) list.ids.push_back(i);
    const page_plan plan =
        numbered(seed % 2 == 0 ? page_style::pages : page_style::offset, 5 + seed % 7, 2 + seed % 9);
    std::vector<page_place> open = ranges_of(plan, {}, list.read(plan, {}));
    ASSERT_FALSE(open.empty());
    const std::size_t when = list.random() % 40;
    for (std::size_t step = 0; !open.empty(); ++step) {
      ASSERT_LT(step, 500U) << "seed " << seed;
      if (step == when) seed % 5 == 0 ? list.grow() : list.shrink(static_cast<std::size_t>(plan.size) * 2);
      const std::size_t turn = list.random() % open.size();
      const auto next = next_in_range(plan, open[turn], list.read(plan, open[turn]), no_remark);
      if (next) open[turn] = page_place::parse(next->to_state());
      else open.erase(open.begin() + static_cast<std::ptrdiff_t>(turn));
    }
    for (const int id : list.ids) {
      if (id >= 1'000'000) continue;
      EXPECT_TRUE(list.seen.contains(id)) << "seed " << seed << ", record " << id;
    }
  }
}

TEST(ranges, of_a_list_that_never_rests_end_all_the_same) {
  moving_list list{{}, std::mt19937_64(3), {}};
  for (int i = 0; i < 500; ++i) list.ids.push_back(i);
  const page_plan plan = numbered(page_style::pages, 10);
  std::vector<page_place> open = ranges_of(plan, {}, list.read(plan, {}));
  std::size_t steps = 0;
  for (; !open.empty() && steps < 1'000; ++steps) {
    list.shrink(1);
    const auto next = next_in_range(plan, open.front(), list.read(plan, open.front()), no_remark);
    if (next) open.front() = *next;
    else open.erase(open.begin());
  }
  EXPECT_TRUE(open.empty());
  EXPECT_LT(steps, 200U) << "twice at most";
}

}  // namespace
}  // namespace sluice::http
