#include "parts.hpp"

#include <algorithm>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {

std::int64_t pages_of(std::int64_t records, std::int64_t size) { return (records + size - 1) / size; }

page_place range_at(const page_plan& plan, std::int64_t first, std::int64_t last, std::int64_t total,
                    std::uint64_t body = 0) {
  page_place out;
  out.body = body;
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

[[noreturn]] void refuse(const char* code, const std::string& why) {
  throw failure(status::invalid, code, why);
}

// Less than the upstream says there is: read again once, then an error; or told where that is enough.
void tell_short(const page_plan& plan, page_range& r, const std::string& why, std::string& remark) {
  if (plan.strict && !r.again) {
    r.moved = true;
    return;
  }
  if (plan.strict) {
    refuse(codes::short_list,
           why +
               ", twice; nothing was deleted; if its total counts other records too, write "
               "request.page.check: warn");
  }
  remark = std::string(codes::short_list) + " " + why;
}

std::string says(std::int64_t total) {
  return "the upstream says " + std::to_string(total) + " records and gave ";
}

// A page in the middle of the list has to be full.
void check_full(const page_plan& plan, const page_place& here, const page_facts& facts, page_range& r,
                std::string& remark) {
  const std::int64_t before = (here.page - 1) * plan.size, records = std::max<std::int64_t>(facts.records, 0);
  const std::int64_t due =
      facts.total < 0 ? plan.size : std::clamp<std::int64_t>(facts.total - before, 0, plan.size);
  if (records < due && facts.total >= 0) {
    tell_short(plan, r,
               says(facts.total) + std::to_string(records) + " of " + std::to_string(due) + " on page " +
                   std::to_string(here.page),
               remark);
  } else if (records != due) {
    r.moved = true;
  }
}

void check_same(const page_plan& plan, const page_place& here, const page_facts& facts) {
  if (facts.records <= 0 || here.body == 0 || facts.hash != here.body) return;
  // The first one of a range is held against the first one of all.
  const std::int64_t other = here.page == here.range.first ? 1 : here.page - 1;
  refuse(codes::same_page, "pages " + std::to_string(other) + " and " + std::to_string(here.page) +
                               " hold the same records: the upstream ignores `" + plan.param +
                               "`; check request.page");
}

// What a range that has come to its end leaves: itself once more, or nothing but a remark.
std::optional<page_place> end_of_range(const page_plan& plan, const page_place& here, const page_range& r,
                                       const page_facts& facts, std::string& remark) {
  if (!r.moved) return std::nullopt;
  if (plan.strict && !r.again) return once_more(plan, here, facts);
  if (remark.empty()) {
    remark = std::string(codes::shifted_list) +
             " the list changed while it was read, and numbered pages can't tell what slipped past";
  }
  return std::nullopt;
}

}  // namespace

std::vector<page_place> ranges_of(const page_plan& plan, const page_place& here, const page_facts& facts) {
  const bool first = here.page == 1 && here.received == 0 && here.range.first == 0 && !here.again;
  if (!first || !plan.counts() || plan.overlaps() || plan.ranges < 2 || plan.size <= 0 || facts.total < 0) return {};
  // A server that gives less than it is asked for numbers its pages in another way.
  if (facts.records != plan.size || facts.more == false) return {};
  const std::int64_t pages = pages_of(facts.total, plan.size), rest = pages - 1;
  if (rest < 2 || pages > plan.max_pages) return {};
  const std::int64_t count = std::min<std::int64_t>(plan.ranges, rest);
  std::vector<page_place> out;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t from = 2 + rest * i / count, to = 1 + rest * (i + 1) / count;
    // The last one goes on to the end, wherever that is by then.
    out.push_back(range_at(plan, from, i + 1 == count ? 0 : to, facts.total, facts.hash));
  }
  return out;
}

std::optional<page_place> next_in_range(const page_plan& plan, const page_place& here,
                                        const page_facts& facts, std::string& remark) {
  check_same(plan, here, facts);
  page_place next = here;
  page_range& r = next.range;
  r.moved = r.moved || facts.total != r.total;
  next.body = facts.hash;
  next.page = here.page + 1;
  next.received = here.received + std::max<std::int64_t>(facts.records, 0);
  bool ended = false;
  if (r.last != 0) {
    check_full(plan, here, facts, r, remark);
    next.received = here.page * plan.size;
    ended = here.page >= r.last || facts.records <= 0;
  } else {
    ended = !more_by_count(plan, next.received, facts);
    // The last range must reach what the upstream says there is.
    if (ended && next.received < facts.total) {
      tell_short(plan, r, says(facts.total) + "at most " + std::to_string(next.received), remark);
    }
  }
  if (ended) return end_of_range(plan, here, r, facts, remark);
  if (next.page > plan.max_pages) {
    refuse(codes::too_many_pages, "more than " + std::to_string(plan.max_pages) +
                                      " pages; if that is right, raise request.page.max_pages");
  }
  return next;
}

}  // namespace sluice::http
