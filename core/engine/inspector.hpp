// Reading back what a store holds: for commands that check, compare and repeat. Nothing here writes.
// Failures are those of a session; see store.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/types.hpp"

namespace sluice::engine {

// What a stored reference points to.
enum class parent_state : std::uint8_t {
  none,     // no parent is meant
  waiting,  // optional, and not there yet: a pending link
  live,
  deleted,  // a tombstone
  missing,  // an id that no row has
  foreign,  // a row of another tenant
};

struct scan_request {
  std::string tenant, stream;
  std::string after;       // the key to begin behind; empty: the first one
  bool including = false;  // begin with `after` itself
  int limit = 2'000;
};

// One stored row beside its values.
struct stored_info {
  std::string key;  // kind + U+001F + external_id, or external_id
  hash128 hash;
  bool deleted = false;
  std::int64_t id = 0, read_at_us = 0;
  std::string pipeline, entry;        // its origin
  std::string run_id;                 // of the last write
  std::vector<parent_state> parents;  // of each reference
};

// Rows in the order of their keys, in wire layout: parents as their keys, `_deleted` always null.
struct stored_page {
  stream_schema schema;  // as the store knows it
  array_handle rows;
  std::vector<stored_info> about;  // one for each row
  bool more = false;
};

struct waiting_row {
  std::string stream, key, reference, parent_stream, parent_key, payload;  // payload: see store/row_codec.hpp
  std::string pipeline, entry;
  std::optional<std::int64_t> version;
  std::int64_t requested_us = 0, expires_us = 0;
};

// A line of the ledger or an item that contradicts the rest. `item` is empty for a whole stage.
struct audit_finding {
  std::string stage, item, what;
};

struct reject_query {
  std::string tenant, pipeline;
  std::string run_id;   // empty: of all runs
  std::string not_run;  // but never of this one
  std::string stage;
  std::int64_t after_id = 0;
  int limit = 1;
};
// A reject with what its page was asked for: the instant (0: not known any more) and the item's vars.
struct kept_reject {
  std::int64_t id = 0, ordinal = 0, page_seq = 0;
  std::string run_id, stage, item, stream, key, field, reason, raw;
  std::int64_t requested_us = 0;
  std::string vars;
};
struct reject_count {
  std::string run_id, stage;
  std::int64_t rejects = 0;
};

// Of some stored rows.
struct held_values {
  std::int64_t rows = 0;
  std::vector<std::int64_t> held;  // how many of them have a value in each of the columns
};

class inspector {
 public:
  inspector() = default;
  inspector(const inspector&) = delete;
  inspector& operator=(const inspector&) = delete;
  virtual ~inspector() = default;

  // Of all plugins that this store has met.
  [[nodiscard]] virtual std::vector<stream_schema> streams() = 0;
  // Throws invalid for a stream that no plugin has declared.
  [[nodiscard]] virtual stored_page scan(const scan_request&) = 0;
  // For each key whether a live row has it.
  [[nodiscard]] virtual std::vector<bool> live(const std::string& tenant, const std::string& stream,
                                               const std::vector<std::string>& keys) = 0;
  // Of the live rows that have one of these keys: how many there are, and how many hold a value in each of these
  // columns of the table. No key may come twice.
  [[nodiscard]] virtual held_values count_held(const std::string& tenant, const std::string& stream,
                                               const std::vector<std::string>& columns,
                                               const std::vector<std::string>& keys) = 0;
  // For each key when the last page that brought it was asked for; 0: the ledger knows of none.
  [[nodiscard]] virtual std::vector<std::int64_t> last_brought(const std::string& tenant,
                                                               const std::string& stream,
                                                               const std::vector<std::string>& keys) = 0;
  // Deferred rows behind (stream, key), in that order.
  [[nodiscard]] virtual std::vector<waiting_row> deferred(const std::string& tenant,
                                                          const std::string& stream, const std::string& key,
                                                          int limit) = 0;
  // What of the run's account does not add up. Nothing is said of a run whose ledger is gone.
  [[nodiscard]] virtual std::vector<audit_finding> audit(const std::string& run_id) = 0;
  // Rejects behind `after_id`, in the order of their ids.
  [[nodiscard]] virtual std::vector<kept_reject> rejects(const reject_query&) = 0;
  [[nodiscard]] virtual std::vector<reject_count> count_rejects(const std::string& tenant,
                                                                const std::string& pipeline) = 0;
};

}  // namespace sluice::engine
