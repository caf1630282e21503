// The machinery in SQLite, statement by statement.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/embedded/tables.hpp"
#include "store/sqlite/clock.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/stream.hpp"

namespace sluice::store::sqlite {

// The key of a row of `t` as one text, as the ledger has it.
[[nodiscard]] std::string key_sql(const stream_schema& s);

class tables final : public embedded::tables {
 public:
  tables(std::unique_ptr<database> db, store_clock clock) : db_(std::move(db)), clock_(clock) {}
  ~tables() override;

  void begin() override { db_->execute("BEGIN IMMEDIATE"); }
  void commit() override;
  void rollback() noexcept override { db_->rollback(); }
  [[nodiscard]] std::int64_t now_us() override { return clock_.now_us(); }
  [[nodiscard]] embedded::stream_table* find_stream(std::string_view name) override;
  void reload_streams() override { streams_.clear(); }

  [[nodiscard]] std::optional<embedded::lease_record> find_lease(const std::string& tenant,
                                                                 const std::string& pipeline,
                                                                 const std::string& scope) override;
  void put_lease(const embedded::lease_record& r) override;
  [[nodiscard]] std::optional<embedded::run_record> find_run(const std::string& run_id) override;
  void put_run(const embedded::run_record& r) override;
  [[nodiscard]] std::vector<engine::run_row> runs(const engine::run_filter& filter) override;
  [[nodiscard]] std::optional<engine::run_row> last_run(const std::string& tenant,
                                                        const std::string& pipeline) override;
  void see_tenant(const std::string& tenant, std::int64_t at_us) override;
  [[nodiscard]] std::int64_t origin(const std::string& pipeline, const std::string& entry) override;

  [[nodiscard]] std::optional<embedded::stage_record> find_stage(const std::string& run_id,
                                                                 const std::string& stage) override;
  void put_stage(const embedded::stage_record& r) override;
  [[nodiscard]] std::optional<engine::item> find_item(const std::string& run_id, const std::string& stage,
                                                      const std::string& item) override;
  void add_item(const std::string& run_id, const std::string& stage, const engine::item& it) override;
  void put_item(const std::string& run_id, const std::string& stage, const engine::item& it,
                const embedded::commit_id& by) override;
  [[nodiscard]] bool has_items(const std::string& run_id, const std::string& stage) override;
  [[nodiscard]] std::vector<engine::item> open_items(const std::string& run_id,
                                                     const std::string& stage) override;
  [[nodiscard]] std::int64_t count_open_items(const std::string& run_id) override;

  void add_page(const embedded::page_line& line) override;
  void add_counts(const embedded::count_line& line) override;
  [[nodiscard]] std::optional<engine::commit_result> pages_of(const std::string& run_id,
                                                              const embedded::commit_id& id) override;
  [[nodiscard]] std::int64_t next_line(const std::string& run_id, const std::string& item) override;
  [[nodiscard]] std::vector<stage_account> accounts(const std::string& run_id) override;

  [[nodiscard]] std::optional<std::int64_t> earliest(const std::string& run_id) override;
  [[nodiscard]] std::optional<std::int64_t> greatest(const std::string& run_id,
                                                     const std::string& stage) override;
  [[nodiscard]] std::optional<std::int64_t> first_beside(const engine::run_row& run,
                                                         std::int64_t us) override;
  [[nodiscard]] std::int64_t records_before(const engine::run_row& run, const std::string& stage) override;
  [[nodiscard]] std::vector<engine::watermark_row> watermarks(const std::string& tenant,
                                                              const std::string& pipeline) override;
  void put_watermark(const engine::run_row& run, const engine::watermark_row& w, std::int64_t now) override;
  [[nodiscard]] std::vector<engine::freshness_row> freshness(const std::string& tenant,
                                                             const std::string& pipeline,
                                                             const std::string& scope) override;

  [[nodiscard]] std::vector<std::string> unseen(const std::string& tenant, const std::string& stream,
                                                std::int64_t origin, std::int64_t since_us) override;
  [[nodiscard]] std::int64_t count_live(const std::string& tenant, const std::string& stream,
                                        std::int64_t origin) override;
  [[nodiscard]] std::int64_t count_holding(const std::string& tenant, const std::string& stream,
                                           const std::string& column, const std::string& value) override;
  [[nodiscard]] std::vector<std::string> orphans(const std::string& tenant, const std::string& stream,
                                                 std::size_t reference) override;
  [[nodiscard]] std::vector<std::string> stream_names() override;
  [[nodiscard]] std::vector<std::string> streams_with_deletes(const std::string& run_id) override;
  [[nodiscard]] std::int64_t last_page_us(const std::string& run_id) override;
  [[nodiscard]] std::vector<embedded::proven_item> proven_items(const std::string& run_id,
                                                                const std::string& stage,
                                                                const std::string& stream) override;
  [[nodiscard]] std::vector<std::string> keys_in(const std::string& tenant, const std::string& stream,
                                                 std::int64_t origin,
                                                 const partition_filter& filter) override;
  [[nodiscard]] std::vector<std::string> keys_of_item(const std::string& run_id, const std::string& stage,
                                                      const std::string& item,
                                                      const std::string& stream) override;
  [[nodiscard]] std::vector<std::string> seen_of(const std::string& tenant, const std::string& stream,
                                                 const std::vector<std::string>& keys, std::int64_t since_us,
                                                 std::int64_t requested_us) override;
  void hold(const std::string& run_id, const std::string& stream, const std::vector<std::string>& keys,
            held_as why) override;
  [[nodiscard]] std::vector<embedded::held_row> held(const std::string& run_id) override;
  void erase_held(const std::string& run_id) override;

  [[nodiscard]] std::vector<engine::tenant_row> tenants() override;
  [[nodiscard]] bool has_open_run(const std::string& tenant) override;
  std::vector<std::pair<std::string, std::int64_t>> erase_tenant(const std::string& tenant) override;

  [[nodiscard]] std::int64_t last_created(const std::string& tenant, const std::string& pipeline,
                                          const std::string& scope) override;
  [[nodiscard]] std::vector<engine::open_run> open_runs(const std::string& pipeline) override;
  [[nodiscard]] std::vector<engine::due_tenant> due(const std::string& pipeline, std::int64_t until_us,
                                                    const engine::due_tenant& after, int limit) override;
  engine::retention_result retain(const engine::retention_request& request, std::int64_t until_us) override;

  [[nodiscard]] std::vector<engine::ended_run> history(const engine::history_filter& filter) override;
  [[nodiscard]] engine::trend trend_of(const engine::trend_ask& ask) override;
  [[nodiscard]] engine::note note(const std::string& name) override;
  void put_note(const std::string& name, const engine::note& n) override;

  void add_reject(const engine::reject_row& r) override;
  void erase_reject(std::int64_t id) override { db_->run("DELETE FROM sluice_rejects WHERE id=?", id); }
  [[nodiscard]] std::int64_t count_rejects(const std::string& run_id) override;
  [[nodiscard]] std::vector<engine::reject_row> rejects(const std::string& tenant, const std::string& run_id,
                                                        int limit) override;

  [[nodiscard]] bool has_deferred(const std::string& tenant, const std::string& stream) override;
  [[nodiscard]] std::optional<embedded::deferred_record> find_deferred(const std::string& tenant,
                                                                       const std::string& stream,
                                                                       std::string_view key) override;
  void put_deferred(const embedded::deferred_record& r) override;
  void erase_deferred(const std::string& tenant, const std::string& stream, std::string_view key) override;
  [[nodiscard]] std::vector<embedded::deferred_record> deferred(const std::string& tenant,
                                                                int limit) override;
  [[nodiscard]] std::vector<embedded::deferred_record> expired(const std::string& tenant,
                                                               std::int64_t now_us) override;
  [[nodiscard]] std::int64_t count_deferred(const std::string& run_id) override;
  [[nodiscard]] std::vector<embedded::deferred_record> resolvable(const std::string& tenant,
                                                                  int limit) override;

  [[nodiscard]] bool has_links(const std::string& tenant, const std::string& stream) override;
  void add_link(const embedded::link_record& r) override;
  void erase_links(const std::string& tenant, const std::string& stream, std::string_view key) override;
  void erase_link(const embedded::link_record& r) override;
  [[nodiscard]] std::vector<embedded::link_record> resolvable_links(const std::string& tenant,
                                                                    int limit) override;

  [[nodiscard]] engine::inspector& inspect() override;

 private:
  // What waits in `from` for a live row of `parent`; one statement for each parent stream.
  [[nodiscard]] statement& waiting_for(const std::string& columns, const std::string& from,
                                       const std::string& parent);
  [[nodiscard]] std::vector<std::string> awaited_streams(const char* sql, const std::string& tenant);
  engine::retention_result retain_runs(const engine::retention_request& request, std::int64_t until_us);
  engine::retention_result retain_rejects(const engine::retention_request& request, std::int64_t until_us);
  engine::retention_result retain_tombstones(const engine::retention_request& request, std::int64_t until_us);
  [[nodiscard]] std::vector<std::int64_t> removable_tombstones(const stream_schema& schema,
                                                               std::int64_t after, std::int64_t last,
                                                               std::int64_t until_us, int limit);
  void sum_pages(const std::string& run_id, std::vector<stage_account>& out);
  void sum_items(const std::string& run_id, std::vector<stage_account>& out);
  void sum_rows(const std::string& run_id, std::vector<stage_account>& out);
  void add_rows(engine::ended_run& run);
  [[nodiscard]] std::vector<engine::ended_stage> ended_stages(const std::string& run_id);

  std::unique_ptr<database> db_;
  store_clock clock_;
  std::map<std::string, std::unique_ptr<stream>, std::less<>> streams_;
  std::map<std::string, statement> waiting_;
  std::unique_ptr<engine::inspector> inspector_;
};

}  // namespace sluice::store::sqlite
