// The shape of an answer, for whoever writes its mapping: which values there are, of what types, how often.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/json_tree.hpp"

namespace sluice::host {

struct outline_field {
  std::string pointer;  // from the record
  std::string types;    // "text", "number or null", "list of 1 to 3 objects: value, type"
  std::size_t in = 0;   // records that have it, null or not
  std::string example;  // the first value that is not null
  bool unique = false;  // text or number, in each record, each time another one
};

// The values of some records that have one shape, in the order in which they are met. Objects are looked into, as
// deep as four levels; lists are named.
[[nodiscard]] std::vector<outline_field> fields_of(const std::vector<const json_tree*>& records);
// Fields that could be a row's key, the likeliest first.
[[nodiscard]] std::vector<std::string> key_candidates(const std::vector<outline_field>& fields,
                                                      std::size_t records);

using header_list = std::vector<std::pair<std::string, std::string>>;

// What an answer tells of further pages, and the `page` that reads them.
struct paging_hint {
  std::string found;  // "`/next` holds text"
  std::string page;   // "{ style: cursor, next: /next, param: cursor }"; empty: nothing to write
};
[[nodiscard]] std::vector<paging_hint> paging_hints(const json_tree& page, const std::string& records,
                                                    const header_list& headers);

}  // namespace sluice::host
