// A read's mapping, compiled: immutable, so that all threads share one.
//
// The specification is the JSON that the manifest hands on: records, where, into, keep, children.
// Pointers are compiled to a trie per level, so that a record is walked once for all its columns.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <sluice/schema.hpp>

namespace sluice::decode {

struct limits {
  std::size_t page_bytes = 256U << 20;  // of one page
  std::size_t records = 10'000;         // in one page
  std::size_t record_bytes = 1U << 20;
  std::size_t text_bytes = 1U << 20;      // of one value
  std::size_t key_bytes = 1024;           // of one key column, here or in a reference
  std::size_t depth = 64;                 // of a record's nesting, its own level included
  std::size_t digits = 1000;              // of a number
  int exponent = 400;                     // of a number, either sign
  std::size_t reject_bytes = 64U << 10;   // kept of a rejected record
  std::size_t rejects_bytes = 16U << 20;  // kept of all rejected records of a page
};

struct plan;  // what decode.cpp runs; see plan.hpp

class program {
 public:
  explicit program(std::unique_ptr<const plan> p);
  program(program&&) noexcept;
  program& operator=(program&&) noexcept;
  ~program();

  // The streams that `into` feeds, in the order of their first mention: result.streams has the same order.
  [[nodiscard]] const std::vector<stream_schema>& streams() const noexcept;
  [[nodiscard]] const plan& compiled() const noexcept { return *plan_; }

 private:
  std::unique_ptr<const plan> plan_;
};

// Throws error SLU-4001, which names the place in the specification.
[[nodiscard]] program compile(std::string_view spec_json, std::span<const stream_schema> streams,
                              const limits& caps = {});

}  // namespace sluice::decode
