// One page of a list: which rows, in which paging style, written as the reference API answers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "upstream/faults.hpp"
#include "upstream/world.hpp"

namespace sluice::upstream {

struct bad_request {
  std::string text;
};

using query_map = std::map<std::string, std::string>;

// What a path lists: a whole list, or some of its rows in ascending order.
struct selection {
  list what = list::users;
  std::optional<std::vector<std::uint32_t>> rows;
};

struct page_text {
  std::string body;
  std::uint32_t from = 0, to = 0, count = 0;
};

// A parameter that has to be a number, where it is given.
[[nodiscard]] std::optional<std::uint32_t> number_of(const query_map&, const char* name);
// Opaque to clients: no digit of it is a position that they could reckon with.
[[nodiscard]] std::string cursor_for(list, std::uint32_t row);
[[nodiscard]] std::uint32_t row_of_cursor(list, const std::string& cursor);

// Throws bad_request for a query that makes no sense.
[[nodiscard]] page_text make_page(const tenant&, const selection&, const query_map&, std::uint32_t max_limit, const fault&);

}  // namespace sluice::upstream
