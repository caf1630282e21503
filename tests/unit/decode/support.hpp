// A stream with a column of each type, and short ways to decode a page and look at a cell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/batch.hpp>

#include "decode/decode.hpp"

namespace sluice::decode::test {

// Streams: `things` (external_id, name, count, amount, ratio, flag, born, at, extra), `links` (derived key).
[[nodiscard]] std::vector<stream_schema> streams();

// A map of `things` with external_id from /id and `column` from `value` (JSON).
[[nodiscard]] std::string one_column(std::string_view column, std::string_view value);

struct decoded {
  result out;
  // The cell of the n-th row of a stream as text; nothing when it is null.
  [[nodiscard]] std::optional<std::string> cell(std::string_view stream, std::string_view column,
                                                std::size_t row = 0) const;
  [[nodiscard]] std::int64_t accepted(std::string_view stream) const;
  [[nodiscard]] const stream_rows& of(std::string_view stream) const;
  // "field: reason" of the only reject.
  [[nodiscard]] std::string refusal() const;
};

[[nodiscard]] decoded run(std::string_view spec, std::string_view bytes, format as = format::json,
                          const variables& vars = {}, const limits& caps = {});

// The code and message of the error that the page as a whole gives.
[[nodiscard]] std::string page_error(std::string_view spec, std::string_view bytes, format as = format::json,
                                     const limits& caps = {});

}  // namespace sluice::decode::test
