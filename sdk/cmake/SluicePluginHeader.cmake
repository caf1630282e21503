# Writes sluice_plugin.hpp from a plugin.json: the metadata text, a name for each component, and a typed
# handle for each column of each stream, so that no column is declared twice.
include_guard(GLOBAL)

# "entity.kind" → entity_kind, "class" → class_
function(_sluice_identifier name out)
  set(reserved
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
    concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default
    delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long
    mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor
    xor_eq
    row stream linux unix) # names of the generated code, and macros of GNU modes
  string(REGEX REPLACE "[^A-Za-z0-9_]" "_" id "${name}")
  if(id IN_LIST reserved)
    string(APPEND id "_")
  endif()
  set(${out} "${id}" PARENT_SCOPE)
endfunction()

# plugin.json's name of a type → the one of sluice::column_type, or nothing
function(_sluice_column_type name out)
  set(json_names text int float bool decimal date timestamp json)
  set(cpp_names text int64 float64 boolean decimal date timestamp json)
  list(FIND json_names "${name}" at)
  set(type "")
  if(at GREATER -1)
    list(GET cpp_names ${at} type)
  endif()
  set(${out} "${type}" PARENT_SCOPE)
endfunction()

# The length of a JSON array or object, 0 where there is none.
function(_sluice_json_length out text)
  string(JSON n ERROR_VARIABLE missing LENGTH "${text}" ${ARGN})
  if(missing)
    set(n 0)
  endif()
  set(${out} ${n} PARENT_SCOPE)
endfunction()

# The text as adjacent raw strings, cut at line ends: no single literal gets too long for any compiler.
function(_sluice_raw_literals text out)
  set(literals "")
  string(LENGTH "${text}" left)
  while(left GREATER 0)
    set(take ${left})
    if(left GREATER 4000)
      string(SUBSTRING "${text}" 0 4000 head)
      string(FIND "${head}" "\n" newline REVERSE)
      if(newline GREATER -1)
        math(EXPR take "${newline} + 1")
      endif()
    endif()
    string(SUBSTRING "${text}" 0 ${take} piece)
    string(SUBSTRING "${text}" ${take} -1 text)
    string(APPEND literals "\n    R\"sluice(${piece})sluice\"")
    string(LENGTH "${text}" left)
  endwhile()
  set(${out} "${literals}" PARENT_SCOPE)
endfunction()

# Appends the wire columns of one stream to `names` and `types`.
function(_sluice_wire_columns file text out_names out_types)
  set(names "")
  set(types "")
  _sluice_json_length(columns "${text}" columns)
  if(columns EQUAL 0)
    message(FATAL_ERROR "${file}: a stream has no columns")
  endif()
  math(EXPR last "${columns} - 1")
  foreach(i RANGE ${last})
    string(JSON column GET "${text}" columns ${i} name)
    string(JSON type GET "${text}" columns ${i} type)
    _sluice_column_type("${type}" cpp_type)
    if(NOT cpp_type)
      message(FATAL_ERROR "${file}: column '${column}' has type '${type}'; "
                          "use text, int, float, bool, decimal, date, timestamp or json")
    endif()
    list(APPEND names "${column}")
    list(APPEND types ${cpp_type})
  endforeach()
  _sluice_json_length(references "${text}" references)
  if(references GREATER 0)
    math(EXPR last "${references} - 1")
    foreach(i RANGE ${last})
      string(JSON reference GET "${text}" references ${i} name)
      _sluice_json_length(parts "${text}" references ${i} columns)
      math(EXPR last_part "${parts} - 1")
      foreach(j RANGE ${last_part})
        string(JSON part GET "${text}" references ${i} columns ${j})
        list(APPEND names "${reference}.${part}")
        list(APPEND types text)
      endforeach()
    endforeach()
  endif()
  list(APPEND names attributes source_version _deleted)
  list(APPEND types json int64 boolean)
  set(${out_names} "${names}" PARENT_SCOPE)
  set(${out_types} "${types}" PARENT_SCOPE)
endfunction()

# The namespace of one stream: its columns as an array, and a handle for each.
function(_sluice_stream_code file text out)
  string(JSON stream GET "${text}" name)
  _sluice_wire_columns("${file}" "${text}" names types)
  list(LENGTH names count)
  set(columns "")
  set(handles "")
  set(seen "")
  set(index 0)
  foreach(name type IN ZIP_LISTS names types)
    _sluice_identifier("${name}" id)
    if(id IN_LIST seen)
      message(FATAL_ERROR "${file}: stream '${stream}': two columns would both be called '${id}' in C++; rename one")
    endif()
    list(APPEND seen "${id}")
    string(APPEND columns "\n      {\"${name}\", sluice::column_type::${type}},")
    string(APPEND handles "
inline constexpr sluice::column_handle<stream, sluice::column_type::${type}> ${id}{${index}};")
    math(EXPR index "${index} + 1")
  endforeach()
  _sluice_identifier("${stream}" space)
  set(${out} "
namespace streams::${space} {
struct stream {
  static constexpr std::string_view name = \"${stream}\";
  static constexpr std::array<sluice::column_name, ${count}> columns{{${columns}
  }};
};
using row = sluice::row<stream>;${handles}
}  // namespace streams::${space}
" PARENT_SCOPE)
endfunction()

# sluice_plugin_header(NAME /path/plugin.json /path/sluice_plugin.hpp)
function(sluice_plugin_header name file header)
  file(READ "${file}" text)
  string(JSON declared ERROR_VARIABLE broken GET "${text}" name)
  if(broken)
    message(FATAL_ERROR "${file}: ${broken}")
  endif()
  if(NOT declared STREQUAL name)
    message(FATAL_ERROR "${file}: the plugin is called '${declared}', but sluice_add_plugin says '${name}'")
  endif()
  string(FIND "${text}" ")sluice\"" unquotable)
  if(unquotable GREATER -1)
    message(FATAL_ERROR "${file}: holds the characters )sluice\", which its C++ literal can't")
  endif()

  set(code "")
  set(components "")
  _sluice_json_length(count "${text}" components)
  if(count EQUAL 0)
    message(FATAL_ERROR "${file}: lists no components")
  endif()
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    string(JSON component GET "${text}" components ${i} name)
    _sluice_json_length(streams "${text}" components ${i} streams)
    set(list "")
    if(streams GREATER 0)
      math(EXPR last_stream "${streams} - 1")
      foreach(j RANGE ${last_stream})
        string(JSON stream GET "${text}" components ${i} streams ${j})
        string(JSON stream_name GET "${stream}" name)
        _sluice_identifier("${stream_name}" space)
        _sluice_stream_code("${file}" "${stream}" piece)
        string(APPEND code "${piece}")
        list(APPEND list "streams::${space}::stream")
      endforeach()
    endif()
    list(JOIN list ", " list)
    _sluice_identifier("${component}" id)
    string(APPEND components "
namespace components {
struct ${id} {
  static constexpr const char* name = \"${component}\";
  using stream_types = sluice::stream_list<${list}>;
};
}  // namespace components
")
  endforeach()

  _sluice_raw_literals("${text}" literals)
  _sluice_identifier("${name}" id)
  set(result "// Generated from plugin.json. Don't edit.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <sluice/columns.hpp>

inline namespace sluice_plugin_${id} {

namespace plugin_json {
inline constexpr std::string_view text =${literals};
inline constexpr std::size_t component_count = ${count};
}  // namespace plugin_json
${code}${components}
}  // namespace sluice_plugin_${id}
")
  set(old "")
  if(EXISTS "${header}")
    file(READ "${header}" old)
  endif()
  if(NOT old STREQUAL result)
    file(WRITE "${header}" "${result}")
  endif()
endfunction()
