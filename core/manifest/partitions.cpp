// Where the rows of one work item lie: columns that have one value for all of its records. A complete read of
// the item shows which rows of its partition are gone.
#include <algorithm>

#include "manifest/build.hpp"
#include "manifest/reference.hpp"

namespace sluice::manifest {
namespace {

// True: the template names something of the item, such as its parent.
bool is_of_item(const std::string& text) {
  const scanned_text scanned = scan_references(text);
  return std::ranges::any_of(scanned.parts, [](const text_part& p) {
    return p.kind == reference_kind::subject || p.kind == reference_kind::parent;
  });
}

// True: no row can come from both, since a column is one constant here and another there.
bool apart(const into_result& a, const into_result& b) {
  return std::ranges::any_of(a.constants, [&](const auto& mine) {
    const auto theirs = b.constants.find(mine.first);
    return theirs != b.constants.end() && theirs->second != mine.second && !has_reference(mine.second) &&
           !has_reference(theirs->second);
  });
}

// Reads of the same entry that may bring rows of this one's partition.
std::vector<std::string> others_of(const build& b, const read_draft& d, const into_result& into) {
  std::vector<std::string> out;
  for (const read_draft& other : b.reads) {
    if (other.out.entry != d.out.entry || other.out.stage == d.out.stage) continue;
    const bool may = std::ranges::any_of(
        other.into, [&](const into_result& i) { return i.stream == into.stream && !apart(into, i); });
    if (may) out.push_back(other.out.stage);
  }
  return out;
}

std::vector<partition> partitions_of(const build& b, const read_draft& d, std::size_t from, std::size_t to) {
  std::vector<partition> out;
  for (std::size_t i = from; i < to; ++i) {
    const into_result& into = d.into[i];
    const bool any = std::ranges::any_of(into.constants, [](const auto& c) { return is_of_item(c.second); });
    if (any) out.push_back({into.stream, into.constants, others_of(b, d, into)});
  }
  return out;
}

}  // namespace

void find_partitions(build& b) {
  for (read_draft& d : b.reads) {
    if (!d.out.parents.empty()) d.out.partitions = partitions_of(b, d, 0, d.own_into);
    if (d.out.subject) d.out.subject->partitions = partitions_of(b, d, d.own_into, d.into.size());
  }
}

}  // namespace sluice::manifest
