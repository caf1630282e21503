#include "invariants/parts.hpp"

#include <algorithm>

#include <sluice/batch.hpp>

namespace sluice::sim {

checkers all_checkers(scene& s) {
  checkers out;
  for (const auto make : {make_fence, make_checkpoint, make_rows, make_order, make_deletes, make_watermark,
                          make_outcome, make_waiting, make_patience, make_overlap, make_partitions}) {
    out.push_back(make(s));
  }
  return out;
}

std::vector<brought_row> rows_of(const engine::stream_rows& rows, std::int64_t read_at_us) {
  const batch_view view(rows.rows.get());
  // Declared columns, two for each reference to people, and the three reserved ones at the end.
  const std::size_t version = view.columns() - 2, deleted = view.columns() - 1;
  const bool kinds = rows.schema->key.size() == 2;
  std::vector<brought_row> out;
  for (std::int64_t row = 0; row < view.rows(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    brought_row r;
    if (kinds) r.key = std::string(view[0].text(row)) + '\x1f';
    r.key += view[kinds ? 1 : 0].text(row);
    r.hash = rows.hashes[at];
    if (!view[version].is_null(row)) r.version = view[version].int64(row);
    r.read_at_us = read_at_us;
    r.deleted = !view[deleted].is_null(row) && view[deleted].boolean(row);
    r.refused = !rows.refused.empty() && rows.refused[at] != 0;
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace sluice::sim
