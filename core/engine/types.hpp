// The words of a run as data: items, pages, batches, counts, states. No behaviour but arithmetic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/batch.hpp>

namespace sluice::engine {

enum class run_state : std::uint8_t { queued, running, succeeded, partial, held, failed, cancelled };
enum class stage_state : std::uint8_t { pending, running, complete, failed, cancelled };
enum class item_state : std::uint8_t { open, complete, gone };  // gone: the parent record vanished
enum class phase : std::uint8_t { essential, background };

[[nodiscard]] std::string_view to_string(run_state);
[[nodiscard]] std::string_view to_string(stage_state);
[[nodiscard]] std::string_view to_string(phase);
[[nodiscard]] run_state run_state_from(std::string_view);
[[nodiscard]] stage_state stage_state_from(std::string_view);
[[nodiscard]] inline bool is_terminal(run_state s) { return s > run_state::running; }

struct hash128 {
  std::uint64_t hi = 0, lo = 0;
  friend auto operator<=>(const hash128&, const hash128&) = default;
};

// What happened to the rows of one stream. `resolved_*` and `swept` stand apart from the equation.
struct row_counts {
  std::int64_t rows = 0;
  std::int64_t inserted = 0, updated = 0, unchanged = 0, deleted = 0, deferred = 0, rejected = 0;
  std::int64_t duplicate = 0, stale = 0;  // within unchanged
  std::int64_t resolved_inserted = 0, resolved_updated = 0, resolved_unchanged = 0, swept = 0;
  std::int64_t skipped = 0;  // on_missing: skip; within resolved_unchanged: nothing was written

  [[nodiscard]] bool balances() const noexcept {
    return rows == inserted + updated + unchanged + deleted + deferred + rejected &&
           duplicate + stale <= unchanged && skipped <= resolved_unchanged;
  }
  // Deferred rows that this run has not resolved.
  [[nodiscard]] std::int64_t waiting() const noexcept {
    return std::max<std::int64_t>(0, deferred - resolved_inserted - resolved_updated - resolved_unchanged);
  }
  row_counts& operator+=(const row_counts& o) noexcept;
  friend bool operator==(const row_counts&, const row_counts&) = default;
};

struct record_counts {
  std::int64_t records = 0, mapped = 0, filtered = 0, rejected = 0;
  [[nodiscard]] bool balances() const noexcept { return records == mapped + filtered + rejected; }
  record_counts& operator+=(const record_counts& o) noexcept;
  friend bool operator==(const record_counts&, const record_counts&) = default;
};

// A record or row that could not be taken. `stream` is empty when the record itself is unreadable.
struct reject {
  std::int64_t ordinal = 0;  // of the record in its page
  std::string stream, key, field, reason;
  std::string raw;  // the record as it came, at most 64 KiB
};

// A column that a mapping fills where its record has something for it, and that a row can do without.
struct optional_column {
  std::string stored;             // its name in the table; "NAME_id" of a reference
  std::vector<std::size_t> wire;  // where it stands in the wire layout; of a reference the parts of a key
};

// One page's rows of one stream, after decode and transform, with the hash of each row.
struct stream_rows {
  const stream_schema* schema = nullptr;  // lives as long as the pipeline
  array_handle rows;                      // in wire layout
  std::vector<hash128> hashes;            // one for each row
  std::vector<std::uint8_t> refused;      // 1: rejected by transform or validation; empty: none
  const std::vector<optional_column>* optional = nullptr;  // of the mapping; lives as long; null: not known
};

struct child_item {
  std::string stage;  // the child read's stage
  std::string item;   // unique within its stage: "parent.page_seq.ordinal"
  std::string vars;   // JSON object: what the read keeps, and the tenant's
};

// One page as the engine sees it: read, decoded, transformed, hashed.
struct page {
  record_counts records;
  std::vector<stream_rows> streams;  // at most one for each stream
  std::vector<reject> rejects;
  std::vector<child_item> children;    // `item` is filled in by the engine
  std::vector<std::int64_t> replayed;  // rejects that this page brings again: they go with its commit
  std::string next_state;
  bool end = false;
  std::int64_t declared_total = -1;
  std::optional<std::int64_t> high_us;  // the greatest value of the column that an incremental read goes by
  std::int64_t requested_at_us = 0;     // database clock, when its request was sent
  std::size_t bytes = 0;                // rough size in memory, for the batch's cap
};

// What advances page by page.
struct item {
  std::string id;    // "0" for a plain read
  std::string vars;  // JSON object, text to text
  std::string page_state;
  std::int64_t page_seq = 0;  // pages committed so far
  item_state state = item_state::open;
};

}  // namespace sluice::engine
