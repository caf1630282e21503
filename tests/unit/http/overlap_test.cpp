// Lists that move while they are read by offsets: nothing that was there all the time may be missed.
#include "http/overlap.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <sluice/failure.hpp>

#include "http/codes.hpp"

namespace sluice::http {
namespace {

using ids = std::vector<std::uint64_t>;

page_plan plan_of(std::int64_t size) {
  page_plan p;
  p.style = page_style::offset;
  p.param = "first";
  p.id = "/id";
  p.size = size;
  return p;
}

page_facts page_at(const ids& list, std::int64_t from, std::int64_t size) {
  page_facts out;
  const std::int64_t begin = std::min(from, std::ssize(list)), end = std::min(begin + size, std::ssize(list));
  out.ids.assign(list.begin() + begin, list.begin() + end);
  out.records = end - begin;
  out.hash = 1;
  for (const std::uint64_t id : out.ids) out.hash = out.hash * 31 + id;
  return out;
}

ids numbers(std::uint64_t from, std::uint64_t to) {
  ids out;
  for (std::uint64_t n = from; n <= to; ++n) out.push_back(n);
  return out;
}

// Reads the list, and before each page but the first lets `change` have it. What was seen, page by page.
template <class Change>
std::vector<ids> read(ids& list, const page_plan& plan, std::int64_t server_size, Change&& change) {
  std::vector<ids> out;
  std::string state;
  for (;;) {
    const page_place here = page_place::parse(state);
    const page_facts facts = page_at(list, first_record(here), server_size);
    out.push_back(facts.ids);
    const auto next = next_place(plan, here, facts);
    if (!next) return out;
    state = next->to_state();
    change(list, out.size());
  }
}

std::set<std::uint64_t> all_of(const std::vector<ids>& pages) {
  std::set<std::uint64_t> out;
  for (const ids& page : pages) out.insert(page.begin(), page.end());
  return out;
}

TEST(overlap, pages_of_a_list_at_rest_share_three_records) {
  ids list = numbers(1, 25);
  const auto pages = read(list, plan_of(10), 10, [](ids&, std::size_t) {});
  EXPECT_EQ(pages, (std::vector<ids>{numbers(1, 10), numbers(8, 17), numbers(15, 24), numbers(22, 25)}));
}

TEST(overlap, a_list_that_ends_with_a_full_page_needs_one_more) {
  ids list = numbers(1, 17);
  const auto pages = read(list, plan_of(10), 10, [](ids&, std::size_t) {});
  EXPECT_EQ(pages, (std::vector<ids>{numbers(1, 10), numbers(8, 17), numbers(15, 17)}));
  page_plan counted = plan_of(10);
  page_facts last = page_at(list, 7, 10);
  last.total = 17;
  const auto here = next_place(counted, {}, page_at(list, 0, 10));
  ASSERT_TRUE(here.has_value());
  EXPECT_FALSE(next_place(counted, *here, last).has_value()) << "its total says that this was all";
}

// covers: U14
TEST(overlap, one_record_that_goes_makes_none_slip_past) {
  ids list = numbers(1, 30);
  const auto pages = read(list, plan_of(10), 10, [](ids& l, std::size_t page) {
    if (page == 1) l.erase(l.begin() + 4);
  });
  EXPECT_EQ(pages[1], numbers(9, 18)) << "the first of the shared ones has slipped away, two are left";
  EXPECT_EQ(all_of(pages), all_of({numbers(1, 30)}));
}

// covers: U14
TEST(overlap, more_that_go_lead_back_until_a_known_record_comes) {
  ids list = numbers(1, 40);
  const auto pages = read(list, plan_of(10), 10, [](ids& l, std::size_t page) {
    if (page == 2) l.erase(l.begin(), l.begin() + 8);
  });
  EXPECT_EQ(pages[2], numbers(23, 32)) << "none of 15, 16, 17 is in it";
  EXPECT_EQ(pages[3].front(), 13U);
  EXPECT_EQ(all_of(pages), all_of({numbers(1, 40)}));
}

TEST(overlap, a_list_that_is_another_one_each_time_ends_with_an_error) {
  ids list = numbers(1, 40);
  try {
    read(list, plan_of(10), 10, [](ids& l, std::size_t) {
      for (std::uint64_t& id : l) id += 1000;
    });
    FAIL() << "it was read";
  } catch (const failure& f) {
    EXPECT_EQ(f.code(), codes::restless_list);
  }
}

TEST(overlap, an_offset_that_is_ignored_is_found_out) {
  const ids list = numbers(1, 40);
  const auto second = next_place(plan_of(10), {}, page_at(list, 0, 10));
  ASSERT_TRUE(second.has_value());
  EXPECT_THROW(static_cast<void>(next_place(plan_of(10), *second, page_at(list, 0, 10))), failure);
}

TEST(overlap, an_empty_page_ends_a_list_of_unknown_page_size) {
  page_plan plan = plan_of(10);
  plan.until_empty = true;
  ids list = numbers(1, 14);
  const auto pages = read(list, plan, 5, [](ids&, std::size_t) {});
  EXPECT_EQ(all_of(pages), all_of({numbers(1, 14)}));
  EXPECT_TRUE(pages.back().empty());
}

TEST(overlap, ranges_are_not_read_at_the_same_time) {
  page_plan plan = plan_of(10);
  page_facts facts = page_at(numbers(1, 100), 0, 10);
  facts.total = 100;
  EXPECT_EQ(first_record(*next_place(plan, {}, facts)), 7);
}

// covers: U14
RC_GTEST_PROP(overlap_prop, what_was_there_all_the_time_is_seen, ()) {
  ids list;
  for (std::uint64_t n = 1; n <= 100; ++n) list.push_back(n * 1000);
  std::set<std::uint64_t> stayed(list.begin(), list.end());
  const auto size = *rc::gen::inRange<std::int64_t>(2, 30);
  std::uint64_t fresh = 1;
  int changes = 6;
  const auto change = [&](ids& l, std::size_t) {
    if (changes-- <= 0) return;
    const auto gone = *rc::gen::inRange(0, 12);
    for (int i = 0; i < gone && !l.empty(); ++i) {
      const auto at = l.begin() + *rc::gen::inRange<std::int64_t>(0, std::ssize(l));
      stayed.erase(*at);
      l.erase(at);
    }
    const auto come = *rc::gen::inRange(0, 12);
    for (int i = 0; i < come; ++i) {
      const std::uint64_t id = *rc::gen::inRange<std::uint64_t>(0, 100) * 1000 + fresh++;
      l.insert(std::ranges::lower_bound(l, id), id);
    }
  };
  std::vector<ids> pages;
  try {
    pages = read(list, plan_of(size), size, change);
  } catch (const failure& f) {
    // It may move so that a page holds what the one before held. An error loses nothing.
    RC_ASSERT(f.code() == codes::restless_list || f.code() == codes::same_page);
    return;
  }
  const auto seen = all_of(pages);
  for (const std::uint64_t id : stayed) RC_ASSERT(seen.contains(id));
}

}  // namespace
}  // namespace sluice::http
