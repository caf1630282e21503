#include "parts.hpp"

#include <algorithm>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {

std::int64_t pages_of(std::int64_t records, std::int64_t size) { return (records + size - 1) / size; }

page_place range_at(const page_plan& plan, std::int64_t first, std::int64_t last, std::int64_t total) {
  page_place out;
  out.page = first;
  out.received = (first - 1) * plan.size;
  out.range = {first, last, total, false, false};
  return out;
}

// The range again, from so far before it as the list has moved at most.
page_place once_more(const page_plan& plan, const page_place& here, const page_facts& facts) {
  const page_range& r = here.range;
  const std::int64_t moved = facts.total < 0 ? 0 : std::abs(facts.total - r.total) / plan.size;
  const std::int64_t total = facts.total < 0 ? r.total : facts.total;
  page_place out = range_at(plan, std::max<std::int64_t>(1, r.first - 1 - moved), r.last, total);
  out.range.again = true;
  return out;
}

// The last range must reach what the upstream says there is: short once is read again, short twice is an error.
void check_tail(const page_plan& plan, page_place& after, const page_facts& facts) {
  if (facts.total < 0 || after.received >= facts.total) return;
  if (after.range.again && plan.strict) {
    throw failure(status::invalid, codes::short_list,
                  "the upstream says " + std::to_string(facts.total) + " records and gave " +
                      std::to_string(after.received) +
                      ", twice; nothing was deleted; if its total counts other records too, write "
                      "request.page.check: warn");
  }
  after.range.moved = true;
}

}  // namespace

std::vector<page_place> ranges_of(const page_plan& plan, const page_place& here, const page_facts& facts) {
  const bool first = here.page == 1 && here.received == 0 && here.range.first == 0 && !here.again;
  if (!first || !plan.counts() || plan.ranges < 2 || plan.size <= 0 || facts.total < 0) return {};
  // A server that gives less than it is asked for numbers its pages in another way.
  if (facts.records != plan.size || facts.more == false) return {};
  const std::int64_t pages = pages_of(facts.total, plan.size), rest = pages - 1;
  if (rest < 2 || pages > plan.max_pages) return {};
  const std::int64_t count = std::min<std::int64_t>(plan.ranges, rest);
  std::vector<page_place> out;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t from = 2 + rest * i / count, to = 1 + rest * (i + 1) / count;
    // The last one goes on to the end, wherever that is by then.
    out.push_back(range_at(plan, from, i + 1 == count ? 0 : to, facts.total));
  }
  return out;
}

std::optional<page_place> next_in_range(const page_plan& plan, const page_place& here,
                                        const page_facts& facts) {
  page_place next = here;
  page_range& r = next.range;
  r.moved = r.moved || facts.total != r.total || (r.last != 0 && facts.records != plan.size);
  if (facts.records > 0 && here.body != 0 && facts.hash == here.body) {
    throw failure(status::invalid, codes::same_page,
                  "pages " + std::to_string(here.page - 1) + " and " + std::to_string(here.page) +
                      " are the same: the upstream ignores `" + plan.param + "`; check request.page");
  }
  next.body = facts.hash;
  next.page = here.page + 1;
  next.received = here.received + std::max<std::int64_t>(facts.records, 0);
  if (r.last != 0) next.received = here.page * plan.size;
  const bool ended =
      r.last != 0 ? here.page >= r.last || facts.records <= 0 : !more_by_count(plan, next.received, facts);
  if (ended && r.last == 0) check_tail(plan, next, facts);
  if (ended) return r.moved && !r.again ? std::optional(once_more(plan, here, facts)) : std::nullopt;
  if (next.page > plan.max_pages) {
    throw failure(status::invalid, codes::too_many_pages,
                  "more than " + std::to_string(plan.max_pages) +
                      " pages; if that is right, raise request.page.max_pages");
  }
  return next;
}

}  // namespace sluice::http
