// A list whose pages are asked for by number, read in ranges at the same time. Pure, as paging.hpp.
//
// Numbered pages shift when records come or go: what slips from a page that is still to be read to one that was read
// already would be missed. Each page therefore has to say the same total as the first one did, and to be full; a range
// that met anything else is read once more, from a page further down on. What is short or moves even then is an error
// or told, as for a list that is read page by page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paging.hpp"

namespace sluice::http {

// Where the ranges begin, for the page that was read first; none when there is nothing to gain or to go by. Then the
// first page ends its own part.
[[nodiscard]] std::vector<page_place> ranges_of(const page_plan&, const page_place& here, const page_facts&);

// For a place within a range: the next page, or the range once more, or nothing: it has ended. `remark` says what
// is to be told, as of place_after_end. Throws failure: the same page again, twice short, too many pages.
[[nodiscard]] std::optional<page_place> next_in_range(const page_plan&, const page_place& here,
                                                      const page_facts&, std::string& remark);

}  // namespace sluice::http
