#include "upstream/pages.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "upstream/records.hpp"
#include "upstream/text.hpp"

namespace sluice::upstream {

std::optional<std::uint32_t> number_of(const query_map& query, const char* name) {
  const auto found = query.find(name);
  if (found == query.end()) return std::nullopt;
  std::uint32_t out = 0;
  const std::string& text = found->second;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (ec != std::errc{} || end != text.data() + text.size()) throw bad_request{std::string(name) + " must be a number"};
  return out;
}

std::string cursor_for(list l, std::uint32_t row) {
  std::string out;
  const auto check = static_cast<std::uint32_t>(mix(row ^ (static_cast<std::uint64_t>(l) << 40U)) & 0xFFFFU);
  for (std::uint64_t v = (static_cast<std::uint64_t>(check) << 32U) | row, i = 0; i < 8; ++i, v /= 64) {
    out += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[v % 64];
  }
  return out + "==";
}

std::uint32_t row_of_cursor(list l, const std::string& cursor) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::uint64_t v = 0;
  for (std::size_t i = 8; i-- > 0 && cursor.size() == 10;) v = v * 64 + digits.find(cursor[i]) % 64;
  const auto row = static_cast<std::uint32_t>(v & 0xFFFFFFFFU);
  if (cursor_for(l, row) != cursor) throw bad_request{"this cursor is not ours"};
  return row;
}

namespace {

// The rows that pass the filters, walked in order.
class walk {
 public:
  walk(const tenant& t, const selection& s, const query_map& query) : tenant_(t), chosen_(s), rows_(t.rows(s.what)) {
    if (const auto since = query.find("updated_since"); since != query.end()) {
      if (!parse_instant(since->second, since_us_)) throw bad_request{"updated_since must be an RFC 3339 instant"};
      const auto deleted = query.find("include_deleted");
      with_gone_ = deleted != query.end() && deleted->second == "true";
    }
    plain_ = !s.rows && since_us_ == none && t.live(s.what) == rows_.size();
  }
  [[nodiscard]] std::uint32_t slots() const {
    return static_cast<std::uint32_t>(chosen_.rows ? chosen_.rows->size() : rows_.size());
  }
  [[nodiscard]] std::uint32_t row(std::uint32_t slot) const { return chosen_.rows ? (*chosen_.rows)[slot] : slot; }
  [[nodiscard]] bool passes(std::uint32_t slot) const {
    const cell& c = rows_[row(slot)];
    return (!c.gone || with_gone_) && c.updated_us >= since_us_;
  }
  [[nodiscard]] std::uint32_t total() const {
    if (plain_) return slots();
    std::uint32_t n = 0;
    for (std::uint32_t s = 0; s < slots(); ++s) n += passes(s) ? 1U : 0U;
    return n;
  }
  [[nodiscard]] std::uint32_t slot_of_row(std::uint32_t row) const {
    if (!chosen_.rows) return row;
    return static_cast<std::uint32_t>(std::lower_bound(chosen_.rows->begin(), chosen_.rows->end(), row) - chosen_.rows->begin());
  }
  // The slot of the n-th row that passes.
  [[nodiscard]] std::uint32_t slot_of_offset(std::uint64_t n) const {
    if (plain_) return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, slots()));
    std::uint32_t slot = 0;
    for (; slot < slots(); ++slot) {
      if (passes(slot) && n-- == 0) break;
    }
    return slot;
  }
  void put(std::string& out, std::uint32_t slot, spoil how) const {
    const std::uint32_t at = row(slot);
    if (rows_[at].gone) put_deleted(out, tenant_, chosen_.what, at);
    else put_record(out, tenant_, chosen_.what, at, how);
  }

 private:
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  const tenant& tenant_;
  const selection& chosen_;
  const std::vector<cell>& rows_;
  std::int64_t since_us_ = none;
  bool with_gone_ = false, plain_ = false;
};

spoil spoil_of(const std::string& what) {
  if (what == "bad_utf8") return spoil::bad_utf8;
  if (what == "lone_surrogate") return spoil::lone_surrogate;
  return what == "nul" ? spoil::nul : spoil::none;
}

struct place {
  std::uint32_t slot = 0;
  bool by_cursor = true;
};

place start_of(const walk& w, const selection& s, const query_map& query, std::uint32_t limit, bool first_again) {
  const auto page = number_of(query, "page"), offset = number_of(query, "offset");
  const auto cursor = query.find("cursor");
  if (static_cast<int>(page.has_value()) + static_cast<int>(offset.has_value()) + static_cast<int>(cursor != query.end()) > 1) {
    throw bad_request{"give one of cursor, page and offset"};
  }
  if (page && *page == 0) throw bad_request{"page begins at 1"};
  place at{.slot = 0, .by_cursor = !page && !offset};
  if (first_again) return at;
  if (page) at.slot = w.slot_of_offset(std::uint64_t{*page - 1} * limit);
  if (offset) at.slot = w.slot_of_offset(*offset);
  if (cursor != query.end()) at.slot = w.slot_of_row(row_of_cursor(s.what, cursor->second));
  return at;
}

void put_next(std::string& body, const walk& w, const selection& s, const query_map& query, const fault& spoiled, place at,
              std::uint32_t next) {
  if (spoiled.what == "cursor") {
    body += spoiled.value;
  } else if (spoiled.what == "loop_cursor") {
    const auto own = query.find("cursor");
    put_json_text(body, own == query.end() ? cursor_for(s.what, 0) : own->second);
  } else if (spoiled.what == "stuck") {
    const auto own = query.find("cursor");
    put_json_text(body, own == query.end() ? "x" : own->second + "x");
  } else if (!at.by_cursor || next >= w.slots()) {
    body += "null";
  } else {
    put_json_text(body, cursor_for(s.what, w.row(next)));
  }
}

}  // namespace

page_text make_page(const tenant& t, const selection& s, const query_map& query, std::uint32_t max_limit, const fault& spoiled) {
  const walk w(t, s, query);
  const std::uint32_t asked = number_of(query, "limit").value_or(std::min(100U, max_limit));
  if (asked == 0) throw bad_request{"limit must be at least 1"};
  const std::uint32_t limit = std::min(asked, max_limit);
  const place at = start_of(w, s, query, limit, spoiled.what == "repeat" || spoiled.what == "stuck");

  page_text out{.body = {}, .from = at.slot, .to = at.slot, .count = 0};
  out.body.reserve(std::size_t{limit} * 480 + 128);
  out.body += spoiled.what == "no_data" ? R"({"items":[)" : R"({"data":[)";
  const spoil how = spoil_of(spoiled.what);
  std::uint32_t slot = at.slot;
  const std::uint32_t most = spoiled.what == "empty_list" ? 0 : limit;
  for (; slot < w.slots() && out.count < most; ++slot) {
    if (!w.passes(slot)) continue;
    for (int copies = spoiled.what == "duplicate" && out.count == 0 ? 2 : 1; copies > 0; --copies) {
      if (out.body.back() != '[') out.body += ',';
      w.put(out.body, slot, out.count == 0 ? how : spoil::none);
      ++out.count;
    }
  }
  out.to = slot;
  while (slot < w.slots() && !w.passes(slot)) ++slot;  // so that the last page knows that it is the last
  if (spoiled.what == "empty_list") slot = w.slots();
  out.body += R"(],"next":)";
  put_next(out.body, w, s, query, spoiled, at, slot);
  out.body += R"(,"total":)";
  put_number(out.body, spoiled.what == "wrong_total" ? static_cast<std::uint64_t>(spoiled.total)
                       : spoiled.what == "empty_list" ? 0 : w.total());
  out.body += '}';
  return out;
}

}  // namespace sluice::upstream
