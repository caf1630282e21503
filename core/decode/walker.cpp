#include "decode/walker.hpp"

#include <algorithm>

#include "decode/number.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

namespace {

constexpr std::size_t remembered_fields = 64;

std::uint32_t lookup(const trie& shape, const trie_node& n, std::string_view raw) {
  std::string plain;
  if (raw.find('\\') != std::string_view::npos) {
    if (unescape(raw, plain) != text_fault::none) return nowhere;
    raw = plain;
  }
  for (std::uint32_t c = n.children_from; c < n.children_to; ++c) {
    if (shape.nodes[c].key == raw) return c;
  }
  return nowhere;
}

void forget(const trie& shape, const trie_node& n, slot_tokens& slots) {
  for (std::uint32_t b = n.below_from; b < n.below_to; ++b) slots[shape.below[b]] = nowhere;
}

}  // namespace

void walker::fail(std::uint32_t i, const char* expected) const {
  const bool early = i >= t_->count;
  const std::size_t offset = t_->at[std::min(i, t_->count)];
  std::string what = std::string("expected ") + expected;
  what += early ? ", but the text ends" : ", found `" + one_line(t_->scalar(i), 40) + "`";
  throw grammar_error(early, offset, what + " at byte " + std::to_string(offset));
}

void walker::check_scalar(std::uint32_t i) const {
  const char c = (*t_)[i];
  if (i < t_->count) {
    const std::string_view s = t_->scalar(i);
    if (c == 't' ? s == "true" : c == 'f' ? s == "false" : c == 'n' ? s == "null" : is_number(s)) return;
    // A scalar that is the last token may have been cut: `tru`, `12e`.
    if (i + 1 == t_->count)
      throw grammar_error(true, t_->at[i],
                          "the text ends within a value at byte " + std::to_string(t_->at[i]));
  }
  fail(i, "a value");
}

std::uint32_t walker::skip(std::uint32_t i) { return skip_at(i, 1); }

std::uint32_t walker::skip_container(std::uint32_t i, std::size_t depth) {
  open_.clear();
  bool value = true;  // whether token i has to be a value
  for (;;) {
    if (value) {
      const char c = (*t_)[i];
      if (c == '{' || c == '[') {
        open_.push_back(c == '{' ? '}' : ']');
        deepest_ = std::max(deepest_, depth + open_.size() - 1);
        ++i;
        if ((*t_)[i] == open_.back()) {
          open_.pop_back();
          ++i;
          value = false;
        } else if (c == '{') {
          std::string_view raw;
          i = key(i, raw);
          continue;
        } else {
          continue;
        }
      } else {
        if (c != '"') check_scalar(i);
        ++i;
        value = false;
      }
    }
    if (open_.empty()) return i;
    const char close = open_.back();
    if (!more(i, close)) {
      open_.pop_back();
    } else {
      std::string_view raw;
      if (close == '}') i = key(i, raw);
      value = true;
    }
  }
}

std::uint32_t walker::walk(const trie& shape, std::uint32_t i, slot_tokens& slots, field_memory& memory) {
  slots.assign(shape.slots, nowhere);
  if (memory.nodes.size() < shape.nodes.size()) memory.nodes.resize(shape.nodes.size());
  slots_ = &slots;
  memory_ = &memory;
  return walk_node(shape, 0, i, 1);
}

std::uint32_t walker::walk_node(const trie& shape, std::uint32_t node, std::uint32_t i, std::size_t depth) {
  const trie_node& n = shape.nodes[node];
  if (n.slot != nowhere) (*slots_)[n.slot] = i;
  const char c = (*t_)[i];
  if (n.children_from == n.children_to || (c != '{' && c != '[')) return skip_at(i, depth);
  deepest_ = std::max(deepest_, depth);
  if (c == '{') return walk_object(shape, node, i + 1, depth);
  return n.has_index ? walk_array(shape, node, i + 1, depth) : skip_at(i, depth);
}

std::uint32_t walker::learn(const trie& shape, std::uint32_t node, std::size_t field, std::string_view raw) {
  auto& memory = memory_->nodes[node];
  const std::uint32_t found = lookup(shape, shape.nodes[node], raw);
  if (field >= remembered_fields) return found;
  if (field >= memory.size()) memory.resize(field + 1);
  memory[field] = {std::string(raw), found};
  return found;
}

std::uint32_t walker::walk_object(const trie& shape, std::uint32_t node, std::uint32_t i, std::size_t depth) {
  if ((*t_)[i] == '}') return i + 1;
  std::size_t field = 0;
  const auto& memory = memory_->nodes[node];
  do {
    std::string_view raw;
    i = key(i, raw);
    const bool known = field < memory.size() && memory[field].key == raw;
    const std::uint32_t child = known ? memory[field].node : learn(shape, node, field, raw);
    ++field;
    if (child == nowhere) {
      i = skip_at(i, depth + 1);
    } else {
      forget(shape, shape.nodes[child], *slots_);
      i = walk_node(shape, child, i, depth + 1);
    }
  } while (more(i, '}'));
  return i;
}

std::uint32_t walker::walk_array(const trie& shape, std::uint32_t node, std::uint32_t i, std::size_t depth) {
  if ((*t_)[i] == ']') return i + 1;
  const trie_node& n = shape.nodes[node];
  std::uint32_t element = 0;
  do {
    std::uint32_t child = nowhere;
    for (std::uint32_t c = n.children_from; c < n.children_to; ++c) {
      if (shape.nodes[c].index == element) child = c;
    }
    i = child == nowhere ? skip_at(i, depth + 1) : walk_node(shape, child, i, depth + 1);
    ++element;
  } while (more(i, ']'));
  return i;
}

}  // namespace sluice::decode
