// Why a JSON pointer finds nothing: how far it leads, what stands there instead, and what may have been meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/json_tree.hpp"

namespace sluice::host {

struct missed {
  std::string reached;                     // the pointer to what is there
  std::string there;                       // in words: "an object", "null", "a list of 3"
  std::string keys;                        // of an object, in one line
  std::string meant;                       // a pointer that does lead somewhere; empty: none is alike
  [[nodiscard]] std::string text() const;  // in one sentence
};

// `pointer` leads nowhere, or to null.
[[nodiscard]] missed why_missing(const json_tree& from, const std::string& pointer);

// The keys of an object, in one line: "`id`, `name`, `email` and 4 more".
[[nodiscard]] std::string name_keys(const json_tree& object);

// How much two names look like the same thing: 3 the same but for case and `_`, 2 one is the beginning or the end
// of the other, 1 a few letters differ, 0 not at all.
[[nodiscard]] int likeness(std::string_view a, std::string_view b);

// Lists that may be the records: objects first, longest first. A page that is one object may be a record itself.
struct record_place {
  std::string pointer;
  std::size_t count = 0;
  bool objects = false;
};
[[nodiscard]] std::vector<record_place> record_places(const json_tree& page);
// The same for a `records` pointer that finds no list: with lists that are there.
[[nodiscard]] std::string why_no_records(const json_tree& page, const std::string& pointer);

}  // namespace sluice::host
