#include "plugin/page.hpp"

namespace sluice::plugin {

namespace {
constexpr std::size_t longest_state = 4096;
}

std::string check_page(const sluice_page& p) {
  if (p.size < sizeof(sluice_page)) return "has " + std::to_string(p.size) + " bytes as a struct, too few";
  if (p.format < SLUICE_FORMAT_JSON || p.format > SLUICE_FORMAT_ARROW) {
    return "has the unknown format " + std::to_string(p.format);
  }
  if (p.format == SLUICE_FORMAT_ARROW) {
    if (p.array == nullptr || p.schema == nullptr) return "is Arrow but has no array or no schema";
  } else {
    if (p.body.data == nullptr && p.body.len != 0) return "has a length but no bytes";
    if (p.body_capacity < p.body.len) return "has a body_capacity below the length of its body";
  }
  if (p.next_state.data == nullptr && p.next_state.len != 0) return "has a length but no bytes in next_state";
  if (p.end != 0) return {};
  if (p.next_state.len == 0)
    return "is not the last page but has no next_state: the first page would be read again";
  if (p.next_state.len > longest_state) {
    return "has a next_state of " + std::to_string(p.next_state.len) + " bytes; at most 4096 are allowed";
  }
  return {};
}

}  // namespace sluice::plugin
