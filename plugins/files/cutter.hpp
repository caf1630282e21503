// Cuts a piece off an NDJSON or CSV file that ends where a record ends.
#pragma once

#include <cstdint>
#include <string>

#include <sluice/call.hpp>
#include <sluice/page.hpp>

#include "files/folder.hpp"

namespace sluice::files {

struct cut_limits {
  std::uint64_t bytes = 0;  // wished for; a record that is larger makes the piece larger
  std::uint64_t records = 0;
};

// Appends whole records from `offset` on to `body`, at least one, and all white space that follows them.
// Returns the offset of the next record, the file's size at its end. `quotes`: line ends within quotes are
// no ends (CSV).
[[nodiscard]] std::uint64_t cut(const file& f, std::uint64_t offset, const cut_limits& want, bool quotes,
                                const call& c, page_body& body);

// Appends bytes [offset, offset + size) of a file; throws failure when it has become shorter.
void read_exactly(const file& f, std::uint64_t offset, std::uint64_t size, const call& c, page_body& body);

}  // namespace sluice::files
