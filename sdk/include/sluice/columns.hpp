// Typed names for the columns of a stream. sluice_add_plugin() generates a handle for each column of
// plugin.json, so that a misspelt column, a wrong type or another stream's column does not compile.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <sluice/decimal.hpp>
#include <sluice/schema.hpp>

namespace sluice {

struct column_name {
  std::string_view name;
  column_type type;
};

template <class... Streams>
struct stream_list {};

template <class Stream>
class row;

using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// What a cell of a column holds, to a C++ author.
template <column_type Type>
struct cell_value {
  using type = std::string_view;  // text, json
};
template <>
struct cell_value<column_type::boolean> {
  using type = bool;
};
template <>
struct cell_value<column_type::int64> {
  using type = std::int64_t;
};
template <>
struct cell_value<column_type::float64> {
  using type = double;
};
template <>
struct cell_value<column_type::decimal> {
  using type = decimal;
};
template <>
struct cell_value<column_type::date> {
  using type = std::chrono::sys_days;
};
template <>
struct cell_value<column_type::timestamp> {
  using type = timestamp;
};
template <column_type Type>
using cell_value_t = typename cell_value<Type>::type;

template <class Stream, column_type Type>
struct column_handle {
  int index;  // in Stream::columns, which is the wire layout

  [[nodiscard]] constexpr std::string_view name() const noexcept {
    return Stream::columns[static_cast<std::size_t>(index)].name;
  }
};

}  // namespace sluice
