// The tables of a store that works row by row, as single reads and writes without any rule: the
// rules are in session.hpp, once, for SQLite and for the store that tests keep in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/account.hpp"
#include "store/partition.hpp"
#include "store/prepare.hpp"

namespace sluice::store::embedded {

struct lease_record {
  std::string tenant, pipeline, scope;
  std::string run_id;  // empty: free
  std::int64_t epoch = 0;
  engine::holder by;
  std::int64_t expires_us = 0;
};

struct run_record {
  engine::run_row row;  // without its stages
  bool cancel_requested = false;
};

struct stage_record {
  std::string run_id, stage;
  enum engine::phase phase = engine::phase::background;
  bool critical = false;
  engine::stage_state state = engine::stage_state::pending;
  std::int64_t epoch = 0, started_us = 0, ended_us = 0;
  std::string error_code, error;
  bool suspect = false;
  std::int64_t requests = 0, retries = 0;
};

struct held_row {
  std::string stream, key;
  held_as why = held_as::unseen;
};

using commit_id = std::array<std::uint8_t, 16>;

// One line for a page, and one for each of its streams.
struct page_line {
  std::string run_id, stage, item, entry;
  std::int64_t page_seq = 0, ordinal = 0, declared_total = -1, requested_us = 0, at_us = 0;
  std::optional<std::int64_t> high_us;
  engine::record_counts records;
  bool is_end = false;
  commit_id id{};
};
struct count_line {
  std::string run_id, stage, item, stream;
  std::int64_t page_seq = 0;
  engine::row_counts counts;
  std::vector<std::string_view> keys;
};

struct deferred_record {
  std::string tenant, stream, key, reference, parent_stream, parent_key;
  std::string payload;  // the row, by row_codec
  std::int64_t origin = 0;
  std::string run_id, stage, item;
  std::int64_t page_seq = 0;
  recency age;
  std::int64_t first_seen_us = 0, expires_us = 0;
};

struct link_record {
  std::string tenant, stream, key, reference, parent_stream, parent_key;
};

struct stored_row {
  std::int64_t id = 0;
  engine::hash128 hash;
  recency age;
  bool deleted = false;
};

// Who writes: what every row of it is marked with.
struct writer {
  std::string tenant, run_id;
  std::int64_t now_us = 0;
};

struct row_write {
  const prepared_stream* stream = nullptr;
  const prepared_row* row = nullptr;
  std::int64_t origin = 0;
  std::vector<std::optional<std::int64_t>> parents;  // ids, in the order of the references
};

// A value that this store cannot hold: the row is rejected, the others commit.
struct refused_value {
  std::string field, reason;
};

// An item that ended with its last page and took everything that it brought of a stream.
struct proven_item {
  std::string id, vars;
  std::int64_t requested_us = 0;  // its first page
};

class stream_table {
 public:
  stream_table() = default;
  stream_table(const stream_table&) = delete;
  stream_table& operator=(const stream_table&) = delete;
  virtual ~stream_table() = default;

  [[nodiscard]] virtual const stream_schema& schema() const = 0;
  [[nodiscard]] virtual std::optional<stored_row> find(std::string_view tenant, std::string_view key) = 0;
  virtual void insert(const writer& by, const row_write& row) = 0;                   // throws refused_value
  virtual void update(const writer& by, std::int64_t id, const row_write& row) = 0;  // throws refused_value
  virtual void tombstone(const writer& by, std::int64_t id, const recency& age) = 0;
  virtual void set_version(std::int64_t id, std::int64_t version) = 0;
  virtual void set_parent(const writer& by, std::int64_t id, std::size_t reference, std::int64_t parent) = 0;
};

class tables {
 public:
  tables() = default;
  tables(const tables&) = delete;
  tables& operator=(const tables&) = delete;
  virtual ~tables() = default;

  virtual void begin() = 0;   // of a writing transaction
  virtual void commit() = 0;  // may throw in_doubt
  virtual void rollback() noexcept = 0;
  [[nodiscard]] virtual std::int64_t now_us() = 0;

  // Null when no plugin has declared such a stream. Lives as long as the tables.
  [[nodiscard]] virtual stream_table* find_stream(std::string_view name) = 0;
  // Looks again at the declarations: another session may have widened a table.
  virtual void reload_streams() = 0;

  [[nodiscard]] virtual std::optional<lease_record> find_lease(const std::string& tenant,
                                                               const std::string& pipeline,
                                                               const std::string& scope) = 0;
  virtual void put_lease(const lease_record& r) = 0;
  [[nodiscard]] virtual std::optional<run_record> find_run(const std::string& run_id) = 0;
  virtual void put_run(const run_record& r) = 0;
  [[nodiscard]] virtual std::vector<engine::run_row> runs(const engine::run_filter& filter) = 0;
  // The newest one.
  [[nodiscard]] virtual std::optional<engine::run_row> last_run(const std::string& tenant,
                                                                const std::string& pipeline) = 0;
  virtual void see_tenant(const std::string& tenant, std::int64_t at_us) = 0;
  [[nodiscard]] virtual std::int64_t origin(const std::string& pipeline, const std::string& entry) = 0;

  [[nodiscard]] virtual std::optional<stage_record> find_stage(const std::string& run_id,
                                                               const std::string& stage) = 0;
  virtual void put_stage(const stage_record& r) = 0;
  [[nodiscard]] virtual std::optional<engine::item> find_item(const std::string& run_id,
                                                              const std::string& stage,
                                                              const std::string& item) = 0;
  virtual void add_item(const std::string& run_id, const std::string& stage, const engine::item& it) = 0;
  virtual void put_item(const std::string& run_id, const std::string& stage, const engine::item& it,
                        const commit_id& by) = 0;
  [[nodiscard]] virtual bool has_items(const std::string& run_id, const std::string& stage) = 0;
  [[nodiscard]] virtual std::vector<engine::item> open_items(const std::string& run_id,
                                                             const std::string& stage) = 0;
  [[nodiscard]] virtual std::int64_t count_open_items(const std::string& run_id) = 0;

  virtual void add_page(const page_line& line) = 0;
  virtual void add_counts(const count_line& line) = 0;
  // The pages of that commit in their order; nothing when it is not there.
  [[nodiscard]] virtual std::optional<engine::commit_result> pages_of(const std::string& run_id,
                                                                      const commit_id& id) = 0;
  // The next free number among the run's ledger lines that belong to no page, such as those of `resolve`.
  [[nodiscard]] virtual std::int64_t next_line(const std::string& run_id, const std::string& item) = 0;
  // Of all stages of the run, in the order in which they began.
  [[nodiscard]] virtual std::vector<stage_account> accounts(const std::string& run_id) = 0;

  // When the earliest of the run's pages was committed.
  [[nodiscard]] virtual std::optional<std::int64_t> earliest(const std::string& run_id) = 0;
  // The greatest `high_us` of the stage's pages.
  [[nodiscard]] virtual std::optional<std::int64_t> greatest(const std::string& run_id,
                                                             const std::string& stage) = 0;
  // When the first of the tenant's other runs began that were open at `us` or later; nothing: there were none.
  [[nodiscard]] virtual std::optional<std::int64_t> first_beside(const engine::run_row& run,
                                                                 std::int64_t us) = 0;
  // The records of the stage in the last other run of the same tenant, pipeline and scope that completed it.
  [[nodiscard]] virtual std::int64_t records_before(const engine::run_row& run, const std::string& stage) = 0;
  [[nodiscard]] virtual std::vector<engine::watermark_row> watermarks(const std::string& tenant,
                                                                      const std::string& pipeline) = 0;
  virtual void put_watermark(const engine::run_row& run, const engine::watermark_row& w,
                             std::int64_t now) = 0;
  [[nodiscard]] virtual std::vector<engine::freshness_row> freshness(const std::string& tenant,
                                                                     const std::string& pipeline,
                                                                     const std::string& scope) = 0;

  // Keys of live rows that no page of the tenant has brought since; origin 0: of any.
  [[nodiscard]] virtual std::vector<std::string> unseen(const std::string& tenant, const std::string& stream,
                                                        std::int64_t origin, std::int64_t since_us) = 0;
  [[nodiscard]] virtual std::int64_t count_live(const std::string& tenant, const std::string& stream,
                                                std::int64_t origin) = 0;
  // Live rows; with a column, a text, those that hold this value there.
  [[nodiscard]] virtual std::int64_t count_holding(const std::string& tenant, const std::string& stream,
                                                   const std::string& column, const std::string& value) = 0;
  // Keys of live rows whose parent by that reference is a tombstone.
  [[nodiscard]] virtual std::vector<std::string> orphans(const std::string& tenant, const std::string& stream,
                                                         std::size_t reference) = 0;
  [[nodiscard]] virtual std::vector<std::string> stream_names() = 0;
  // Of which the run has deleted rows.
  [[nodiscard]] virtual std::vector<std::string> streams_with_deletes(const std::string& run_id) = 0;

  // When the run's last page was committed; 0: it has none.
  [[nodiscard]] virtual std::int64_t last_page_us(const std::string& run_id) = 0;
  [[nodiscard]] virtual std::vector<proven_item> proven_items(const std::string& run_id,
                                                              const std::string& stage,
                                                              const std::string& stream) = 0;
  // Keys of live rows of that origin in a partition.
  [[nodiscard]] virtual std::vector<std::string> keys_in(const std::string& tenant, const std::string& stream,
                                                         std::int64_t origin,
                                                         const partition_filter& filter) = 0;
  // The keys that one item has brought.
  [[nodiscard]] virtual std::vector<std::string> keys_of_item(const std::string& run_id,
                                                              const std::string& stage,
                                                              const std::string& item,
                                                              const std::string& stream) = 0;
  // Those of the keys that a page of the tenant has brought which was committed and requested since.
  [[nodiscard]] virtual std::vector<std::string> seen_of(const std::string& tenant, const std::string& stream,
                                                         const std::vector<std::string>& keys,
                                                         std::int64_t since_us,
                                                         std::int64_t requested_us) = 0;
  virtual void hold(const std::string& run_id, const std::string& stream,
                    const std::vector<std::string>& keys, held_as why) = 0;
  [[nodiscard]] virtual std::vector<held_row> held(const std::string& run_id) = 0;
  virtual void erase_held(const std::string& run_id) = 0;

  [[nodiscard]] virtual std::vector<engine::tenant_row> tenants() = 0;
  [[nodiscard]] virtual bool has_open_run(const std::string& tenant) = 0;
  virtual std::vector<std::pair<std::string, std::int64_t>> erase_tenant(const std::string& tenant) = 0;

  // When the last run of (tenant, pipeline, scope) was made; 0: there was none.
  [[nodiscard]] virtual std::int64_t last_created(const std::string& tenant, const std::string& pipeline,
                                                  const std::string& scope) = 0;
  [[nodiscard]] virtual std::vector<engine::open_run> open_runs(const std::string& pipeline) = 0;
  [[nodiscard]] virtual std::vector<engine::due_tenant> due(const std::string& pipeline,
                                                            std::int64_t until_us,
                                                            const engine::due_tenant& after, int limit) = 0;
  // In a transaction: what was over before `until_us`.
  virtual engine::retention_result retain(const engine::retention_request& request,
                                          std::int64_t until_us) = 0;

  [[nodiscard]] virtual std::vector<engine::ended_run> history(const engine::history_filter& filter) = 0;
  [[nodiscard]] virtual engine::trend trend_of(const engine::trend_ask& ask) = 0;
  [[nodiscard]] virtual engine::note note(const std::string& name) = 0;
  virtual void put_note(const std::string& name, const engine::note& n) = 0;

  virtual void add_reject(const engine::reject_row& r) = 0;
  virtual void erase_reject(std::int64_t id) = 0;
  [[nodiscard]] virtual std::int64_t count_rejects(const std::string& run_id) = 0;
  [[nodiscard]] virtual std::vector<engine::reject_row> rejects(const std::string& tenant,
                                                                const std::string& run_id, int limit) = 0;

  [[nodiscard]] virtual bool has_deferred(const std::string& tenant, const std::string& stream) = 0;
  [[nodiscard]] virtual std::optional<deferred_record> find_deferred(const std::string& tenant,
                                                                     const std::string& stream,
                                                                     std::string_view key) = 0;
  virtual void put_deferred(const deferred_record& r) = 0;
  virtual void erase_deferred(const std::string& tenant, const std::string& stream, std::string_view key) = 0;
  [[nodiscard]] virtual std::vector<deferred_record> deferred(const std::string& tenant, int limit) = 0;
  [[nodiscard]] virtual std::vector<deferred_record> expired(const std::string& tenant,
                                                             std::int64_t now_us) = 0;
  [[nodiscard]] virtual std::int64_t count_deferred(const std::string& run_id) = 0;
  // Those whose recorded parent is live now.
  [[nodiscard]] virtual std::vector<deferred_record> resolvable(const std::string& tenant, int limit) = 0;

  [[nodiscard]] virtual bool has_links(const std::string& tenant, const std::string& stream) = 0;
  virtual void add_link(const link_record& r) = 0;
  virtual void erase_links(const std::string& tenant, const std::string& stream, std::string_view key) = 0;
  virtual void erase_link(const link_record& r) = 0;
  [[nodiscard]] virtual std::vector<link_record> resolvable_links(const std::string& tenant, int limit) = 0;

  [[nodiscard]] virtual engine::inspector& inspect() = 0;
};

}  // namespace sluice::store::embedded
