// What the records hold. Each record is made twice from the same values: as the JSON that is served and as the
// columns that a correct sync must hold, so that the digest is an independent word on every row.
#pragma once

#include <cstdint>
#include <string>

#include "upstream/world.hpp"

namespace sluice::upstream {

// How a page is spoiled on purpose, in the text of its first record.
enum class spoil : std::uint8_t { none, bad_utf8, lone_surrogate, nul };

void put_record(std::string& out, const tenant&, list, std::uint32_t at, spoil = spoil::none);
// For a record that is gone; used with include_deleted.
void put_deleted(std::string& out, const tenant&, list, std::uint32_t at);

// The row's columns joined by 0x1F, as README.md says.
void put_columns(std::string& out, const tenant&, list, std::uint32_t at);

}  // namespace sluice::upstream
