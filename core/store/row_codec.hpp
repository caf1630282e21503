// A row as JSON text, exact to the bit, and back: for rows that wait in the deferred table and for
// the rejects. {"kind":"user","external_id":"u1","amount":"12.50","created_at":1700000000000000}:
// texts, decimals and json as strings, dates as days, timestamps as microseconds; nulls are left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sluice/batch.hpp>
#include <sluice/batch_builder.hpp>

namespace sluice::store {

[[nodiscard]] std::string encode_row(const batch_view& view, const std::vector<column>& layout,
                                     std::int64_t row);

// Appends the row to `out`, which was made for `layout`. Columns that the text does not name are
// null; names that the layout does not have any more are ignored. Throws internal on broken text.
void decode_row(std::string_view text, const std::vector<column>& layout, batch_builder& out);

// The form in which a row stands in the rejects: as above, with the instant at which its page was asked for.
// It has no place in a page: its ordinal says so.
inline constexpr std::int64_t row_ordinal = -1;
[[nodiscard]] std::string rejected_row(std::string row, std::int64_t read_at_us);
[[nodiscard]] std::int64_t read_at_of(std::string_view rejected_row);  // 0: it does not say

}  // namespace sluice::store
