// A commit as work for each stream: keys, one row for each key, what is refused, what is deleted.
// Every store goes through prepare() and settle(), so that all of them count in the same way.
//
//   prepared_batch batch = prepare(request);
//   for (prepared_stream& s : batch.streams) …give each row with outcome::pending its outcome…
//   commit_result result = settle(batch);
#pragma once

#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/schema.hpp>

#include "engine/row_key.hpp"
#include "engine/store.hpp"

namespace sluice::store {

using engine::key_separator;

enum class outcome : std::uint8_t {
  pending,  // the store has to decide
  inserted,
  updated,
  unchanged,
  deleted,
  deferred,
  rejected,
  duplicate,  // another row of the batch has the same key and is newer; counted within unchanged
  stale,      // what is stored is newer; within unchanged
};

// How new a row is: by its source's version where both have one and they differ, else by the instant
// at which its request was sent.
struct recency {
  std::optional<std::int64_t> version;
  std::int64_t read_at_us = 0;
};
// True: `row` must not overwrite `stored`.
[[nodiscard]] bool older(const recency& row, const recency& stored) noexcept;

// What is stored, as far as it can be: an instant that is still to come was written while the database's
// clock was wrong, and must not keep newer rows out until then.
[[nodiscard]] recency believed(recency stored, std::int64_t now_us) noexcept;
inline constexpr std::int64_t clock_slack_us = 60'000'000;  // of two clocks that are both right

// The wire columns that hold one key: its own, or that of a parent.
struct key_columns {
  int kind = -1;  // -1: the key has one column
  int id = -1;
};

struct reference_plan {
  const reference* declared = nullptr;
  key_columns parent;
  bool self = false;  // to the same stream
};

struct prepared_row {
  std::uint32_t page = 0;  // in the request
  std::uint32_t row = 0;   // in that page's batch of this stream
  bool deleted = false;
  outcome what = outcome::pending;
  recency age;
  engine::hash128 hash;
  std::string_view key;  // kind + key_separator + external_id, or external_id; lives as long as the batch
};

// A row that the store itself refuses; it goes to the rejects beside those that the page brought.
struct refusal {
  std::uint32_t index = 0;  // in prepared_stream::rows
  std::string field, reason;
};

struct prepared_stream {
  const stream_schema* schema = nullptr;
  std::vector<column> layout;
  key_columns key;
  int attributes = -1, version = -1, deleted = -1;  // reserved wire columns
  std::vector<reference_plan> references;
  std::vector<batch_view> views;       // by page of the request; no columns where it has no such stream
  std::vector<prepared_row> rows;      // all that came, in page order
  std::vector<std::uint32_t> pending;  // indices of the rows to decide about, one for each key
  bool ascending = false;              // their keys ascend strictly, compared byte by byte
  std::string_view lowest, highest;    // of their keys
  std::vector<refusal> refusals;

  [[nodiscard]] const batch_view& view(const prepared_row& r) const { return views[r.page]; }
  // Marks a row as rejected by the store.
  void refuse(std::uint32_t index, std::string field, std::string reason);
};

struct prepared_batch {
  const engine::commit_request* request = nullptr;
  std::vector<prepared_stream> streams;                        // parents before children
  std::unique_ptr<std::pmr::monotonic_buffer_resource> texts;  // of keys that are not in a batch as they are

  [[nodiscard]] prepared_stream* find(std::string_view stream);
};

// Throws internal (bad_batch) when a page contradicts itself.
[[nodiscard]] prepared_batch prepare(const engine::commit_request& request);

// Every row must have its outcome. For each page and stream, what happened to its rows.
[[nodiscard]] engine::commit_result settle(const prepared_batch& batch);

// One line of the rejects for each refusal, with the row as JSON in `raw`.
[[nodiscard]] engine::reject to_reject(const prepared_stream& s, const refusal& r);

// The keys that a page brought for a stream, those of refused rows too: what a sweep compares with.
[[nodiscard]] std::vector<std::string_view> keys_of_page(const prepared_stream& s, std::uint32_t page);

// The key of the row's parent; nothing when one of its columns is null or empty.
[[nodiscard]] std::optional<std::string> parent_key(const reference_plan& ref, const batch_view& view,
                                                    std::int64_t row);

// Splits a joined key. `kind` is empty for keys of one column.
struct key_parts {
  std::string_view kind, id;
};
[[nodiscard]] key_parts split_key(std::string_view key, bool two_columns) noexcept;

// Why no store can hold the row: a NUL or broken UTF-8 in a text. Only worth asking about rows that
// are written. The first text is the column's name.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> unstorable(const prepared_stream& s,
                                                                            const prepared_row& r);

}  // namespace sluice::store
