// What compile.cpp makes of a mapping and mapper.cpp runs.
//
// Levels: 0 is the record, 1 the element of the outermost explode, and so on; each has its own trie. An
// element that `first` looks at has a trie of its own too, at level `element_level`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "decode/program.hpp"

namespace sluice::decode {

inline constexpr std::uint32_t nowhere = UINT32_MAX;
inline constexpr std::uint8_t element_level = 15;
inline constexpr std::size_t max_explode = 8;

struct trie_node {
  std::string key;  // of an object; as an array's index when `index` is not nowhere
  std::uint32_t index = nowhere;
  std::uint32_t slot = nowhere;                // takes this value's token
  std::uint32_t below_from = 0, below_to = 0;  // in trie::below: the slots of this node and all under it
  std::uint32_t children_from = 0, children_to = 0;
  bool has_index = false;  // one of the children has an index
};

// The pointers of one level. Node 0 is the value itself.
struct trie {
  std::uint32_t id = 0;  // unique in its plan
  std::vector<trie_node> nodes;
  std::vector<std::uint32_t> below;
  std::uint32_t slots = 0;
  [[nodiscard]] bool looks_inside() const { return nodes.size() > 1; }
};

struct place {
  std::uint8_t level = 0;
  std::uint32_t slot = nowhere;
  std::string pointer;  // as written, for messages
};

struct constant {
  enum class type : std::uint8_t { null, truth, number, text } is = type::null;
  bool truth = false;
  std::string text;  // of a text; the digits of a number
};

struct condition {
  enum class test : std::uint8_t { is, is_not, prefix, exists } test = test::is;
  place at;                    // unless `key_level` is set
  std::uint8_t key_level = 0;  // not 0: what is tested is the key of the element of this level
  constant with;
};
using conditions = std::vector<condition>;

enum class reading : std::uint8_t {
  natural,
  text,
  integer,
  decimal,
  boolean,
  rfc3339,
  epoch_s,
  epoch_ms,
  json
};

struct first_rule {
  conditions where;
  trie shape;
  place then;
};

// A piece of a template: literal text, a variable of the page, or the key of an explode.
struct piece {
  enum class type : std::uint8_t { literal, variable, loop_key } is = type::literal;
  std::string text;
  std::uint8_t level = 0;  // of a loop_key: of its element
};

struct value {
  enum class source : std::uint8_t { pointer, constant, concat, any, text_template } from = source::pointer;
  place at;
  std::unique_ptr<first_rule> first;
  constant fixed;
  std::vector<value> parts;  // of concat and any
  std::vector<piece> pieces;
  std::uint32_t page_text = nowhere;  // of a template without loop keys: its index among these
  reading as = reading::natural;
  int scale = 0;
  bool negate = false;
  bool has_default = false;
  constant fallback;
};

// One column of a row.
struct cell {
  std::uint32_t column = 0;
  column_type type = column_type::text;
  std::string name;
  bool required = false;   // of a live row
  bool key = false;        // of every row; never empty
  bool reference = false;  // part of another row's key
  value from;
};

struct explode_step {
  place at;
  std::string key;  // the variable that takes the map key or the index; empty: none
  trie shape;       // of the element
};

struct attribute {
  std::string name;  // quoted as JSON
  place at;
};

struct into_plan {
  std::uint32_t stream = 0;
  conditions where, deleted_when;
  std::vector<explode_step> explode;
  std::vector<cell> cells;  // those of the key first
  std::vector<attribute> attributes;
  std::vector<std::uint32_t> derive;  // wire columns of external_id; empty: it is mapped
  // A row is at most weight × its record + variables × all variables of the page + fixed bytes.
  std::size_t weight = 0, variables = 0, fixed = 0;
};

struct stream_plan {
  std::vector<column> layout;
  std::uint32_t external_id = 0, attributes = 0, deleted = 0;
};

struct child_rule {
  std::string stage;
  conditions when;
};

struct plan {
  limits caps;
  std::uint32_t tries = 0, page_texts = 0;  // how many there are
  std::string records;                      // the pointer as written
  std::vector<std::string> records_at;      // and split
  trie record;
  std::vector<place> parse;  // of the record: texts that hold JSON
  conditions where;
  std::vector<into_plan> into;
  std::vector<std::pair<std::string, value>> keep;
  std::vector<child_rule> children;
  std::vector<stream_schema> streams;
  std::vector<stream_plan> layouts;  // of each stream
};

}  // namespace sluice::decode
