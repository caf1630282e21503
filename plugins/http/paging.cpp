#include "paging.hpp"

#include <algorithm>
#include <bit>

#include <nlohmann/json.hpp>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {
using nlohmann::json;

constexpr std::size_t longest_cursor = 3500;  // the state around it has 4 KiB in all
constexpr std::size_t remembered = 8;
constexpr int version = 1;

std::string number(std::int64_t n) { return std::to_string(n); }

[[noreturn]] void refuse_page(const char* code, const std::string& why) {
  throw failure(status::invalid, code, why);
}

// Whether more pages follow, for the styles that count.
bool more_by_count(const page_plan& plan, std::int64_t received, const page_facts& facts) {
  if (facts.records <= 0) return false;
  if (facts.more) return *facts.more;
  if (facts.total >= 0 && received < facts.total) return true;
  if (facts.total >= 0 && received == facts.total) return false;
  // No total, or one that is smaller than what already came: then it proves nothing.
  return plan.until_empty || plan.size == 0 || facts.records >= plan.size;
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

}  // namespace

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
    if (out.page < 2 || out.received < 0) throw failure(status::invalid, codes::bad_state, "");
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
  for (const seen_cursor& s : recent) j["recent"].push_back({s.page, s.hash});
  if (anchor.page != 0) j["anchor"] = {anchor.page, anchor.hash};
  return j.dump();
}

std::optional<page_place> next_place(const page_plan& plan, const page_place& here, const page_facts& facts) {
  if (plan.style == page_style::none) return std::nullopt;
  page_place next = here;
  next.page = here.page + 1;
  next.received = here.received + std::max<std::int64_t>(facts.records, 0);
  if (plan.counts()) {
    if (facts.records > 0 && here.page > 1 && facts.hash == here.body) {
      refuse_page(codes::same_page, "pages " + number(here.page - 1) + " and " + number(here.page) +
                                        " are the same: the upstream ignores `" + plan.param +
                                        "`; check request.page");
    }
    next.body = facts.hash;
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
  if (next.page > plan.max_pages) {
    refuse_page(codes::too_many_pages, "more than " + number(plan.max_pages) +
                                           " pages; if that is right, raise request.page.max_pages");
  }
  return next;
}

}  // namespace sluice::http
