#include "engine/overlap.hpp"

#include <map>
#include <optional>
#include <string>

namespace sluice::engine {

namespace {

using key = std::pair<std::string_view, std::string_view>;  // one column: the first is empty
struct range {
  key low, high;
};
using ranges = std::map<std::string_view, range>;  // by stream

key key_at(const batch_view& view, int kind, int id, std::int64_t row) {
  const auto text = [&](int column) {
    const column_view& c = view[static_cast<std::size_t>(column)];
    return c.is_null(row) ? std::string_view() : c.text(row);
  };
  return {kind < 0 ? std::string_view() : text(kind), text(id)};
}

void widen(ranges& all, const stream_rows& s) {
  const auto layout = wire_layout(*s.schema);
  const int id = column_index(layout, s.schema->key.back());
  const int kind = s.schema->key.size() > 1 ? column_index(layout, s.schema->key.front()) : -1;
  const batch_view view(s.rows.get());
  for (std::int64_t row = 0; row < view.rows(); ++row) {
    const key k = key_at(view, kind, id, row);
    const auto [at, first] = all.try_emplace(s.schema->name, range{k, k});
    if (first) continue;
    at->second.low = std::min(at->second.low, k);
    at->second.high = std::max(at->second.high, k);
  }
}

// Nothing when some stream has references: its rows depend on others.
std::optional<ranges> ranges_of(const std::vector<page_write>& pages) {
  ranges out;
  for (const page_write& w : pages) {
    for (const stream_rows& s : w.page.streams) {
      if (!s.schema->references.empty()) return std::nullopt;
      widen(out, s);
    }
  }
  return out;
}

}  // namespace

bool independent(const std::vector<page_write>& a, const std::vector<page_write>& b) {
  const auto mine = ranges_of(a), theirs = ranges_of(b);
  if (!mine || !theirs) return false;
  for (const auto& [stream, r] : *mine) {
    const auto other = theirs->find(stream);
    if (other == theirs->end()) continue;
    if (!(r.high < other->second.low || other->second.high < r.low)) return false;
  }
  return true;
}

}  // namespace sluice::engine
