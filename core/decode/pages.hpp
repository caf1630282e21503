// The three formats of a page: each finds the records and gives them to the mapper, one after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decode/csv.hpp"
#include "decode/mapper.hpp"
#include "decode/tokens.hpp"

namespace sluice::decode {

struct scratch::state {
  token_index index;
  std::string bytes;                // a page or record that had to be changed before it could be read
  std::vector<std::size_t> damage;  // where
  std::vector<csv_field> fields;
};

void read_json(const plan& p, std::string_view bytes, scratch::state& s, mapper& m, result& out);
void read_ndjson(const plan& p, std::string_view bytes, scratch::state& s, mapper& m, result& out);
void read_csv(const plan& p, std::string_view bytes, scratch::state& s, mapper& m, result& out);

// "the page begins: …", for messages.
[[nodiscard]] std::string beginning(std::string_view bytes);

// Refuses a page with more records than allowed.
void check_count(const plan& p, const result& out);

}  // namespace sluice::decode
