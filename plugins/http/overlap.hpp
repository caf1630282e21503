// A list that is read by offsets, of whose records the id is known. Pure, as paging.hpp.
//
// When a record goes, all behind it move up by one, and one of them slips from a page that is still to be read to one
// that was read already. So each page is asked for from a few records before the end of the one before: as long as one
// of these is in it, nothing lies between the two. Where none is, the list has moved by more, or just these have gone:
// then it is read again from farther up, until one that was read before comes, or the list begins.
#pragma once

#include <optional>

#include "paging.hpp"

namespace sluice::http {

// The offset to ask for, without its base.
[[nodiscard]] std::int64_t first_record(const page_place&);

// As next_place. Throws failure: the same page again, too many pages, a list that never comes to rest.
[[nodiscard]] std::optional<page_place> next_overlapping(const page_plan&, const page_place& here,
                                                         const page_facts&);

}  // namespace sluice::http
