#include "overlap.hpp"

#include <algorithm>
#include <iterator>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {

constexpr std::int64_t overlap = 3;  // records that two pages share
constexpr std::int64_t most_begun =
    3;  // times that a list is begun again, before it counts as one without rest

// Records of the page behind the last one that was read before; nothing: none of those is in it.
std::optional<std::int64_t> fresh_records(const page_place& here, const page_facts& facts) {
  const auto known = [&](std::uint64_t id) { return std::ranges::find(here.tail, id) != here.tail.end(); };
  if (here.tail.empty()) return std::ssize(facts.ids);
  const auto last = std::find_if(facts.ids.rbegin(), facts.ids.rend(), known);
  if (last == facts.ids.rend()) return std::nullopt;
  return std::distance(facts.ids.rbegin(), last);
}

// Fewer than the page holds, so that no two pages are alike.
std::vector<std::uint64_t> tail_of(const page_facts& facts) {
  const std::int64_t n = std::min(overlap, std::ssize(facts.ids) / 2);
  return {facts.ids.end() - n, facts.ids.end()};
}

// From farther up, twice as far each time.
page_place farther_up(const page_plan& plan, const page_place& here, const page_facts& facts) {
  page_place out = here;
  out.step = std::max({2 * here.step, plan.size, facts.records, std::int64_t{1}});
  out.received = std::max<std::int64_t>(first_record(here) - out.step, 0) + std::ssize(here.tail);
  out.body = 0;
  return out;
}

page_place behind(const page_plan& plan, const page_place& here, const page_facts& facts) {
  page_place out = here;
  note_alike(plan, here, facts, out);
  out.received = first_record(here) + facts.records;
  if (out.total < 0) out.total = facts.total;
  out.tail = tail_of(facts);
  out.step = 0;
  return out;
}

// Nothing that was read before is in the list: it begins here.
void begin_again(page_place& next) {
  if (++next.begun <= most_begun) return;
  throw failure(status::invalid, codes::restless_list,
                "the list never comes to rest: " + std::to_string(next.begun) +
                    " times nothing was left of what the page before had held; nothing was deleted");
}

}  // namespace

std::int64_t first_record(const page_place& here) { return here.received - std::ssize(here.tail); }

std::optional<page_place> next_overlapping(const page_plan& plan, const page_place& here,
                                           const page_facts& facts) {
  const auto fresh = fresh_records(here, facts);
  page_place next;
  if (!fresh && first_record(here) > 0) {
    next = farther_up(plan, here, facts);
  } else {
    next = behind(plan, here, facts);
    if (!fresh) begin_again(next);
    if (!more_by_count(plan, next.received, facts)) return std::nullopt;
    // Only a page that is empty ends such a list.
    if (fresh == 0 && (plan.until_empty || plan.size == 0)) next.tail.clear();
  }
  next.page = here.page + 1;
  check_pages(plan, next);
  return next;
}

}  // namespace sluice::http
