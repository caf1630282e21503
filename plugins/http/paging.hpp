// Where the next page is, from what this page held. Pure: no sockets, no JSON of the page itself.
//
// A read's place is a small text that the host keeps (page_state). It carries what is needed to ask for the page,
// and a short memory of the cursors before, so that an upstream that leads in circles is found out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

enum class page_style : std::uint8_t { none, cursor, offset, pages, link, last_id };

struct page_plan {
  page_style style = page_style::none;
  std::string param, size_param;
  std::string next, id, total, more;  // pointers; empty: not asked
  std::string total_header;           // in small letters; empty: not asked
  std::optional<std::string> start;   // what `param` says on the first page
  std::int64_t size = 0;              // 0: the server's own
  std::int64_t base = 0;
  bool until_empty = false;
  bool strict = true;  // check: a list that is short of its total, or changed, is not taken as it is
  std::int64_t max_pages = 100'000;
  std::int64_t ranges = 16;  // of numbered pages, to read at the same time; 1: one page after another

  [[nodiscard]] bool counts() const noexcept {
    return style == page_style::offset || style == page_style::pages;
  }
  // See overlap.hpp.
  [[nodiscard]] bool overlaps() const noexcept { return style == page_style::offset && !id.empty(); }
};

// What a page says, as far as its plan asks.
struct page_facts {
  std::int64_t records = -1;  // -1: not counted
  std::int64_t total = -1;    // -1: it doesn't say
  std::optional<bool> more;
  std::optional<std::string> next;  // cursor, address or last id; absent: the end
  std::uint64_t hash = 0;           // of the records as they stand there; 0: none
  std::vector<std::uint64_t> ids;   // hashes of the records' ids, for a plan that overlaps
};

struct seen_cursor {
  std::int64_t page = 0;  // the page that gave it
  std::uint64_t hash = 0;
};

// A range of numbered pages that is read on its own; see parts.hpp.
struct page_range {
  std::int64_t first = 0, last = 0;   // first 0: no range; last 0: to the end of the list
  std::int64_t total = -1;            // that all its pages have to say
  bool moved = false, again = false;  // some page was not as it should be; it is read for the second time
};

struct page_place {
  std::int64_t page = 1;            // which one it is, from 1
  std::int64_t received = 0;        // records before it
  std::string cursor;               // cursor, address or last id; empty on the first page
  std::uint64_t body = 0;           // hash of the records before
  std::int64_t same = 0;            // how many pages in a row held just these
  std::int64_t total = -1;          // what the first page said
  bool again = false;               // the list is read for the second time
  std::vector<seen_cursor> recent;  // the last few cursors
  std::vector<std::uint64_t> tail;  // ids of the last few records before it, which it holds once more
  std::int64_t step = 0;            // how far it was gone back for one of these
  std::int64_t begun = 0;           // how often none was left, and the list was begun again
  page_range range;
  seen_cursor anchor;  // and one farther back, moved ahead at powers of two: no circle is too long

  // Empty text: the first page. Throws failure (bad_state).
  [[nodiscard]] static page_place parse(std::string_view state);
  [[nodiscard]] std::string to_state() const;
};

// Whether more pages follow, for the styles that count.
[[nodiscard]] bool more_by_count(const page_plan&, std::int64_t received, const page_facts&);

// Notes in `next` what the page held. Throws failure: as the page before, whatever is asked for.
void note_alike(const page_plan&, const page_place& here, const page_facts&, page_place& next);
// Throws failure: too many pages.
void check_pages(const page_plan&, const page_place& next);

// The place of the next page, or nothing: this was the last. Throws failure: cursor loop, the same page again, too
// long a cursor, too many pages. Of a place within a range: see parts.hpp.
[[nodiscard]] std::optional<page_place> next_place(const page_plan&, const page_place& here,
                                                   const page_facts&);

// After the last page: what was received against what the upstream said there is. Nothing: all is well, or
// `remark` says what is to be told. A place: begin again there, once, as the list changed or was short.
// Throws failure: short once more.
[[nodiscard]] std::optional<page_place> place_after_end(const page_plan&, const page_place& here,
                                                        const page_facts&, std::string& remark);

}  // namespace sluice::http
