// Goes over tokens once, checks JSON's grammar on the way, and notes where the values are that a trie asks
// for.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "decode/plan.hpp"
#include "decode/tokens.hpp"

namespace sluice::decode {

// The text is not JSON. Internal: becomes an error of the page, or a reject of one line.
class grammar_error : public std::runtime_error {
 public:
  grammar_error(bool ends_early, std::size_t offset, const std::string& what)
      : std::runtime_error(what), ends_early_(ends_early), offset_(offset) {}
  [[nodiscard]] bool ends_early() const noexcept { return ends_early_; }  // there is too little of it
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

 private:
  bool ends_early_;
  std::size_t offset_;
};

// The token of each slot of a trie; nowhere: the record doesn't have it.
using slot_tokens = std::vector<std::uint32_t>;

// What the fields of one trie node were last time: upstreams write them in the same order again and again.
struct field_memory {
  struct field {
    std::string key;  // as it stands between the quotes
    std::uint32_t node = nowhere;
  };
  std::vector<std::vector<field>> nodes;
};

class walker {
 public:
  explicit walker(const tokens& t) : t_(&t) {}
  // Goes on with another text, at depth 0.
  void restart(const tokens& t) noexcept {
    t_ = &t;
    deepest_ = 0;
  }

  // Each returns the token after the value that begins at `i`. A duplicate key's last value counts.
  std::uint32_t skip(std::uint32_t i);
  std::uint32_t walk(const trie& shape, std::uint32_t i, slot_tokens& slots, field_memory& memory);

  // The inside of the string at token `i`, which must be a key; then the colon's check. Returns the value's
  // token.
  std::uint32_t key(std::uint32_t i, std::string_view& raw) const {
    if ((*t_)[i] != '"') fail(i, "a key");
    if ((*t_)[i + 1] != ':') fail(i + 1, "`:`");
    const std::string_view quoted = t_->scalar(i);
    raw = quoted.substr(1, quoted.size() - 2);
    return i + 2;
  }
  // After a value in a container: true when another follows (moves behind the comma), false at its end
  // (behind the bracket).
  bool more(std::uint32_t& i, char close) const {
    const char c = (*t_)[i];
    if (c != ',' && c != close) fail(i, close == '}' ? "`,` or `}`" : "`,` or `]`");
    ++i;
    return c == ',';
  }

  // The deepest nesting that was met since the last restart; a record itself is level 1.
  [[nodiscard]] std::size_t deepest() const noexcept { return deepest_; }

  [[noreturn]] void fail(std::uint32_t i, const char* expected) const;

 private:
  std::uint32_t walk_node(const trie& shape, std::uint32_t node, std::uint32_t i, std::size_t depth);
  std::uint32_t walk_object(const trie& shape, std::uint32_t node, std::uint32_t i, std::size_t depth);
  std::uint32_t walk_array(const trie& shape, std::uint32_t node, std::uint32_t i, std::size_t depth);
  std::uint32_t skip_at(std::uint32_t i, std::size_t depth) {
    const char c = (*t_)[i];
    if (c == '"') return i + 1;
    if (c == '{' || c == '[') return skip_container(i, depth);
    check_scalar(i);
    return i + 1;
  }
  std::uint32_t skip_container(std::uint32_t i, std::size_t depth);
  // Looks a key up and remembers it as the field's.
  [[nodiscard]] std::uint32_t learn(const trie& shape, std::uint32_t node, std::size_t field,
                                    std::string_view raw);
  void check_scalar(std::uint32_t i) const;

  const tokens* t_;
  slot_tokens* slots_ = nullptr;
  field_memory* memory_ = nullptr;
  std::vector<char> open_;
  std::size_t deepest_ = 0;
};

}  // namespace sluice::decode
