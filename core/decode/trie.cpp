// Pointers → trie: children of a node stand side by side, so that looking one up touches little memory.
#include <algorithm>

#include "decode/compile.hpp"

namespace sluice::decode {

namespace {

std::uint32_t index_of(const std::string& key) {
  const bool digits =
      !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || (key.size() > 1 && key[0] == '0')) return nowhere;
  return static_cast<std::uint32_t>(std::stoul(key));
}

}  // namespace

std::uint32_t trie_builder::add(const std::vector<std::string>& pointer) {
  std::size_t at = 0;
  for (const std::string& key : pointer) {
    const auto& children = nodes_[at].children;
    const auto found =
        std::find_if(children.begin(), children.end(), [&](std::size_t c) { return nodes_[c].key == key; });
    if (found != children.end()) {
      at = *found;
      continue;
    }
    nodes_.push_back({key, nowhere, {}});
    nodes_[at].children.push_back(nodes_.size() - 1);
    at = nodes_.size() - 1;
  }
  if (nodes_[at].slot == nowhere) nodes_[at].slot = slots_++;
  return nodes_[at].slot;
}

void trie_builder::collect(std::size_t at, std::vector<std::uint32_t>& slots) const {
  if (nodes_[at].slot != nowhere) slots.push_back(nodes_[at].slot);
  for (const std::size_t c : nodes_[at].children) collect(c, slots);
}

trie trie_builder::finish(std::uint32_t id) const {
  trie out;
  out.id = id;
  out.slots = slots_;
  std::vector<std::size_t> order{0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const node& from = nodes_[order[i]];
    trie_node n;
    n.key = from.key;
    n.index = index_of(from.key);
    n.slot = from.slot;
    n.below_from = static_cast<std::uint32_t>(out.below.size());
    collect(order[i], out.below);
    n.below_to = static_cast<std::uint32_t>(out.below.size());
    n.children_from = static_cast<std::uint32_t>(order.size());
    for (const std::size_t c : from.children) {
      order.push_back(c);
      n.has_index = n.has_index || index_of(nodes_[c].key) != nowhere;
    }
    n.children_to = static_cast<std::uint32_t>(order.size());
    out.nodes.push_back(std::move(n));
  }
  return out;
}

}  // namespace sluice::decode
