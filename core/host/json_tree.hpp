// A page as it came, for showing it to people: keys in the upstream's order, numbers digit by digit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decode.hpp"

namespace sluice::host {

struct json_tree {
  enum class type : std::uint8_t { null, truth, number, text, list, object };

  enum type is = type::null;
  std::string text;               // of a scalar: `true`, its digits, or the text itself
  std::vector<std::string> keys;  // of an object; items has the value of each
  std::vector<json_tree> items;

  [[nodiscard]] const json_tree* find(std::string_view key) const;
  [[nodiscard]] bool holds(enum type t) const { return is == t; }
};

// Nothing: it is no JSON, or nested more than 200 levels.
[[nodiscard]] std::optional<json_tree> parse_tree(std::string_view json);
// Lines become a list, rows of CSV a list of objects. Nothing: it can't be read.
[[nodiscard]] std::optional<json_tree> page_tree(const decode::page& page);

// Where a JSON pointer leads, or how far it does.
struct pointer_end {
  const json_tree* at = nullptr;  // what stands where it ends
  std::size_t steps = 0;          // so many of them could be gone
};
[[nodiscard]] pointer_end follow(const json_tree& from, const std::vector<std::string>& steps);
// The value, or null.
[[nodiscard]] const json_tree* at_pointer(const json_tree& from, std::string_view pointer);
[[nodiscard]] json_tree* at_pointer(json_tree& from, std::string_view pointer);

// Makes a text that holds JSON into what it holds, in each of the records, as a read's `parse` does; other values
// stay.
void unfold(json_tree& page, std::string_view records, std::string_view pointer);

// `/a/b` and a key, escaped.
[[nodiscard]] std::string child_pointer(const std::string& parent, std::string_view key);
// In one line and few words: `"abc"`, `12`, `a list of 3`, `an object`.
[[nodiscard]] std::string show_value(const json_tree& value);

}  // namespace sluice::host
