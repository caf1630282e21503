// The checkers by name, and what several of them need.
#pragma once

#include "directory.hpp"
#include "invariants/checker.hpp"
#include "options.hpp"

namespace sluice::sim {

[[nodiscard]] std::unique_ptr<checker> make_fence(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_checkpoint(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_rows(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_order(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_deletes(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_watermark(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_outcome(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_waiting(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_patience(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_overlap(scene& s);
[[nodiscard]] std::unique_ptr<checker> make_partitions(scene& s);

// One row as a page brought it.
struct brought_row {
  std::string key;
  engine::hash128 hash;
  std::optional<std::int64_t> version;
  std::int64_t read_at_us = 0;
  bool deleted = false, refused = false;
};
[[nodiscard]] std::vector<brought_row> rows_of(const engine::stream_rows& rows, std::int64_t read_at_us);

// Must `row` not overwrite the other? Said here once more, so that the store is not its own witness.
template <class A, class B>
[[nodiscard]] bool is_older(const A& row, const B& other) {
  if (row.version && other.version && *row.version != *other.version) return *row.version < *other.version;
  return row.read_at_us < other.read_at_us;
}

}  // namespace sluice::sim
