#include "paging.hpp"

#include <algorithm>
#include <bit>

#include <nlohmann/json.hpp>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sluice/failure.hpp>

#include "codes.hpp"
#include "overlap.hpp"

namespace sluice::http {
namespace {
using nlohmann::json;

constexpr std::size_t longest_cursor = 3500;  // the state around it has 4 KiB in all
constexpr std::size_t remembered = 8;
constexpr std::int64_t most_alike =
    2;  // pages of a cursor with the same records: one may have been sent twice
constexpr int version = 1;

std::string number(std::int64_t n) { return std::to_string(n); }

[[noreturn]] void refuse_page(const char* code, const std::string& why) {
  throw failure(status::invalid, code, why);
}

void check_loop(const page_place& here, std::uint64_t hash) {
  std::vector<seen_cursor> before = here.recent;
  before.push_back(here.anchor);
  for (const seen_cursor& old : before) {
    if (old.page == 0 || old.hash != hash) continue;
    refuse_page(codes::cursor_loop, "the upstream leads in a circle: page " + number(here.page) +
                                        " names the same next page as page " + number(old.page) +
                                        "; nothing was deleted; report it to the upstream's makers");
  }
}

void remember(page_place& next, std::int64_t page, std::uint64_t hash) {
  if (std::has_single_bit(static_cast<std::uint64_t>(page))) next.anchor = {page, hash};
  next.recent.push_back({page, hash});
  if (next.recent.size() > remembered) next.recent.erase(next.recent.begin());
}

std::string shortfall(std::int64_t received, std::int64_t total) {
  return "the upstream says " + number(total) + " records and gave " + number(received);
}

}  // namespace

void note_alike(const page_plan& plan, const page_place& here, const page_facts& facts, page_place& next) {
  const bool alike = facts.hash != 0 && facts.hash == here.body;
  next.body = facts.hash;
  next.same = alike ? here.same + 1 : 0;
  if (next.same < (plan.counts() ? 1 : most_alike)) return;
  const std::string ignored = plan.param.empty() ? "the address of the next page" : "`" + plan.param + "`";
  refuse_page(codes::same_page, "pages " + number(here.page - next.same) + " to " + number(here.page) +
                                    " hold the same records: the upstream ignores " + ignored +
                                    "; check request.page");
}

void check_pages(const page_plan& plan, const page_place& next) {
  if (next.page <= plan.max_pages) return;
  refuse_page(codes::too_many_pages, "more than " + number(plan.max_pages) +
                                         " pages; if that is right, raise request.page.max_pages");
}

bool more_by_count(const page_plan& plan, std::int64_t received, const page_facts& facts) {
  if (facts.records <= 0) return false;
  if (facts.more) return *facts.more;
  if (facts.total >= 0 && received < facts.total) return true;
  if (facts.total >= 0 && received == facts.total) return false;
  // No total, or one that is smaller than what already came: then it proves nothing.
  return plan.until_empty || plan.size == 0 || facts.records >= plan.size;
}

page_place page_place::parse(std::string_view state) {
  page_place out;
  if (state.empty()) return out;
  try {
    const json j = json::parse(state);
    if (j.at("v") != version) throw failure(status::invalid, codes::bad_state, "");
    out.page = j.at("page");
    out.received = j.at("received");
    out.cursor = j.value("at", "");
    out.body = j.value("body", std::uint64_t{0});
    for (const json& pair : j.value("recent", json::array())) out.recent.push_back({pair.at(0), pair.at(1)});
    if (j.contains("anchor")) out.anchor = {j.at("anchor").at(0), j.at("anchor").at(1)};
    out.same = j.value("same", std::int64_t{0});
    out.total = j.value("total", std::int64_t{-1});
    out.again = j.value("again", false);
    out.tail = j.value("tail", out.tail);
    out.step = j.value("step", std::int64_t{0});
    out.begun = j.value("begun", std::int64_t{0});
    if (j.contains("range")) {
      const json& r = j.at("range");
      out.range = {r.at(0), r.at(1), r.at(2), r.at(3), r.at(4)};
    }
    const std::int64_t least = out.again || out.range.first > 0 ? 1 : 2;
    if (out.page < least || out.received < std::ssize(out.tail))
      throw failure(status::invalid, codes::bad_state, "");
    return out;
  } catch (const std::exception&) {
    refuse_page(codes::bad_state,
                "the stored page state was not made by this version of the http source; start a full sync");
  }
}

std::string page_place::to_state() const {
  json j{{"v", version}, {"page", page}, {"received", received}};
  if (!cursor.empty()) j["at"] = cursor;
  if (body != 0) j["body"] = body;
  if (same != 0) j["same"] = same;
  if (total >= 0) j["total"] = total;
  if (again) j["again"] = true;
  for (const seen_cursor& s : recent) j["recent"].push_back({s.page, s.hash});
  if (range.first != 0) j["range"] = {range.first, range.last, range.total, range.moved, range.again};
  if (!tail.empty()) j["tail"] = tail;
  if (step != 0) j["step"] = step;
  if (begun != 0) j["begun"] = begun;
  if (anchor.page != 0) j["anchor"] = {anchor.page, anchor.hash};
  return j.dump();
}

std::optional<page_place> next_place(const page_plan& plan, const page_place& here, const page_facts& facts) {
  if (plan.style == page_style::none) return std::nullopt;
  if (plan.overlaps()) return next_overlapping(plan, here, facts);
  page_place next = here;
  next.page = here.page + 1;
  next.received = here.received + std::max<std::int64_t>(facts.records, 0);
  if (next.total < 0) next.total = facts.total;
  note_alike(plan, here, facts, next);
  if (plan.counts()) {
    if (!more_by_count(plan, next.received, facts)) return std::nullopt;
  } else {
    if (!facts.next || facts.next->empty() || facts.more == false) return std::nullopt;
    const bool short_page =
        plan.style == page_style::last_id && !facts.more && !plan.until_empty && facts.records < plan.size;
    if (short_page) return std::nullopt;
    if (facts.next->size() > longest_cursor) {
      refuse_page(codes::bad_cursor, "the next page's cursor has " + std::to_string(facts.next->size()) +
                                         " bytes; at most " + std::to_string(longest_cursor) +
                                         " can be kept");
    }
    const std::uint64_t hash = XXH3_64bits(facts.next->data(), facts.next->size());
    check_loop(here, hash);
    remember(next, here.page, hash);
    next.cursor = *facts.next;
  }
  check_pages(plan, next);
  return next;
}

std::optional<page_place> place_after_end(const page_plan& plan, const page_place& here,
                                          const page_facts& facts, std::string& remark) {
  if (facts.total < 0 || facts.records < 0) return std::nullopt;
  const std::int64_t first = here.total < 0 ? facts.total : here.total;
  const std::int64_t received = first_record(here) + facts.records, least = std::min(first, facts.total);
  const bool is_short = received < least;
  // Numbered pages shift when rows come or go, so that records may have slipped past between two of them.
  const bool shifted = plan.counts() && !plan.overlaps() && here.page > 1 && first != facts.total;
  if (!is_short && !shifted) return std::nullopt;
  if (plan.strict && !here.again) {
    page_place from_the_start;
    from_the_start.again = true;
    return from_the_start;
  }
  if (is_short && plan.strict) {
    refuse_page(codes::short_list, shortfall(received, least) +
                                       ", twice; nothing was deleted; if its total counts other records too, "
                                       "write request.page.check: warn");
  }
  remark = is_short ? std::string(codes::short_list) + " " + shortfall(received, least)
                    : std::string(codes::shifted_list) + " the list changed while it was read (" +
                          number(first) + " records, then " + number(facts.total) +
                          "), and numbered pages can't tell what slipped past";
  return std::nullopt;
}

}  // namespace sluice::http
