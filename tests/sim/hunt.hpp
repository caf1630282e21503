// The hunt for one planted bug: the first seed that shows it. Only in programs built with planted bugs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/planted.hpp"

namespace sluice::sim {

struct find {
  planted::bug bug = planted::bug::none;
  std::uint64_t seed = 0;  // 0: not found
  std::string broken;      // what was noticed
};

[[nodiscard]] find hunt(planted::bug b, std::uint64_t first, std::uint64_t last);
[[nodiscard]] std::vector<planted::bug> all_bugs();
// A table in Markdown.
[[nodiscard]] std::string table(const std::vector<find>& finds);

}  // namespace sluice::sim
