// What an error code means, for people: every SLU-nnnn has a title and a next step. Each room keeps
// its own table of entries; the host joins them for `docs`, the API and the last line of an error.
// 1xxx manifest, 2xxx plugins, 3xxx sources, 4xxx decode, 5xxx store, 6xxx runs, 7xxx command line and API.
#pragma once

#include <span>
#include <string_view>

namespace sluice::observe {

struct code_entry {
  std::string_view code;       // "SLU-2012"
  std::string_view title;      // what happened, without particulars
  std::string_view next_step;  // what a person does about it
};

// The entry of a code in a room's table, or nullptr.
[[nodiscard]] constexpr const code_entry* find_code(std::span<const code_entry> table,
                                                    std::string_view code) {
  for (const code_entry& e : table) {
    if (e.code == code) return &e;
  }
  return nullptr;
}

}  // namespace sluice::observe
