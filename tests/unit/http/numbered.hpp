// A plan of numbered pages, and what its pages say.
#pragma once

#include <cstdint>

#include "http/paging.hpp"

namespace sluice::http {

inline page_plan numbered(page_style style, std::int64_t size, std::int64_t ranges = 16) {
  page_plan p;
  p.style = style;
  p.param = "page";
  p.total = "/total";
  p.size = size;
  p.ranges = ranges;
  return p;
}
// No two pages hold the same.
inline page_facts saying(std::int64_t records, std::int64_t total) {
  page_facts f{.records = records, .total = total};
  static std::uint64_t hash = 0;
  f.hash = ++hash;
  return f;
}

}  // namespace sluice::http
