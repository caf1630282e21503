// A YAML document as a tree in which every key and value knows where it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::manifest {

// Byte offsets into the document: [begin, end).
struct span {
  std::size_t begin = 0, end = 0;

  friend auto operator<=>(const span&, const span&) = default;
};

struct member;

struct node {
  enum class kind : std::uint8_t { null, scalar, sequence, mapping };

  enum kind kind = kind::null;
  bool quoted = false;  // a scalar in quotes or a block: always text
  std::string text;     // of a scalar
  span at;
  std::vector<node> items;      // of a sequence
  std::vector<member> members;  // of a mapping, in order

  [[nodiscard]] bool is_null() const { return kind == kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind == kind::scalar; }
  [[nodiscard]] bool is_sequence() const { return kind == kind::sequence; }
  [[nodiscard]] bool is_mapping() const { return kind == kind::mapping; }
  [[nodiscard]] const member* find(std::string_view key) const;
};

struct member {
  std::string key;
  span key_at;
  node value;
};

inline const member* node::find(std::string_view key) const {
  for (const member& m : members) {
    if (m.key == key) return &m;
  }
  return nullptr;
}

}  // namespace sluice::manifest
