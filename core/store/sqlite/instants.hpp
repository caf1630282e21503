// Dates and instants as SQLite keeps them: texts that people can read and that sort,
// "2026-01-31" and "2026-01-31T23:59:59.000001Z". Only the years 0000 to 9999 have such a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::store::sqlite {

[[nodiscard]] std::optional<std::string> instant_text(std::int64_t us);
[[nodiscard]] std::optional<std::string> date_text(std::int64_t days);

// Of texts that the functions above have made.
[[nodiscard]] std::int64_t instant_us(std::string_view text);
[[nodiscard]] std::int64_t date_days(std::string_view text);

}  // namespace sluice::store::sqlite
