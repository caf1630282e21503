// The parts of the compiler, which turns the manifest's JSON into a plan. Internal: includes nlohmann.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "decode/plan.hpp"

namespace sluice::decode {

using json = nlohmann::json;

[[noreturn]] void bad_mapping(const std::string& where, const std::string& what);

// Collects the pointers of one level.
class trie_builder {
 public:
  trie_builder() : nodes_(1) {}
  [[nodiscard]] std::uint32_t add(const std::vector<std::string>& pointer);
  [[nodiscard]] trie finish(std::uint32_t id) const;

 private:
  struct node {
    std::string key;
    std::uint32_t slot = nowhere;
    std::vector<std::size_t> children;
  };
  void collect(std::size_t node, std::vector<std::uint32_t>& slots) const;

  std::vector<node> nodes_;
  std::uint32_t slots_ = 0;
};

// The levels whose values a pointer may name at some place of the mapping.
struct scope {
  std::vector<trie_builder*> levels;  // 0 is the record; the last is where plain pointers start
  std::vector<std::string> keys;      // of each explode, by level - 1
  std::uint8_t first_level = 0;       // of levels[0]; element_level inside `first`
};

struct counters {
  std::uint32_t tries = 0, page_texts = 0;
};

// Throws error SLU-4001. `where` is the place in the specification, for messages.
[[nodiscard]] place compile_place(const json& at, const scope& in, const std::string& where);
[[nodiscard]] conditions compile_conditions(const json& owner, const char* name, const scope& in,
                                            const std::string& where);
[[nodiscard]] value compile_value(const json& spec, const scope& in, counters& n, const std::string& where);
// Whether values read like `v` fit into a column of this type.
void check_reading(const value& v, column_type type, const std::string& where);
// Adds to a row's bound what a value may contribute.
void weigh(const value& v, const limits& caps, into_plan& into);

[[nodiscard]] const std::string& text_of(const json& owner, const char* name, const std::string& where);
void only_keys(const json& owner, std::initializer_list<std::string_view> known, const std::string& where);

}  // namespace sluice::decode
