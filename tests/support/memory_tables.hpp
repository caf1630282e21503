// The tables of a memory store.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "support/memory_state.hpp"
#include "support/memory_store.hpp"

namespace sluice::testing {

class memory_stream final : public store::embedded::stream_table {
 public:
  memory_stream(memory_state& s, stream_schema schema) : state_(s), schema_(std::move(schema)) {}
  [[nodiscard]] const stream_schema& schema() const override { return schema_; }
  [[nodiscard]] std::optional<store::embedded::stored_row> find(std::string_view tenant,
                                                                std::string_view key) override;
  void insert(const store::embedded::writer& by, const store::embedded::row_write& row) override;
  void update(const store::embedded::writer& by, std::int64_t id,
              const store::embedded::row_write& row) override;
  void tombstone(const store::embedded::writer& by, std::int64_t id, const store::recency& age) override;
  void set_version(std::int64_t id, std::int64_t version) override;
  void set_parent(const store::embedded::writer& by, std::int64_t id, std::size_t reference,
                  std::int64_t parent) override;

 private:
  using row_key = memory_state::key<std::string, std::string>;
  void change(std::int64_t id, const std::function<void(memory_row&)>& how);
  std::map<row_key, memory_row>& rows() { return state_.rows[schema_.name]; }

  memory_state& state_;
  stream_schema schema_;
  std::map<std::int64_t, row_key> by_id_;  // of rows that were found in this session
};

class memory_tables final : public store::embedded::tables {
 public:
  memory_tables(memory_state& s, const memory_store::faults& f, const std::function<std::int64_t()>& now)
      : state_(s), faults_(f), now_(now) {}
  ~memory_tables() override;

  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  [[nodiscard]] std::int64_t now_us() override { return now_(); }
  [[nodiscard]] store::embedded::stream_table* find_stream(std::string_view name) override;
  void reload_streams() override { streams_.clear(); }

  [[nodiscard]] std::optional<store::embedded::lease_record> find_lease(const std::string& tenant,
                                                                        const std::string& pipeline,
                                                                        const std::string& scope) override;
  void put_lease(const store::embedded::lease_record& r) override;
  [[nodiscard]] std::optional<store::embedded::run_record> find_run(const std::string& run_id) override;
  void put_run(const store::embedded::run_record& r) override;
  [[nodiscard]] std::vector<engine::run_row> runs(const engine::run_filter& filter) override;
  [[nodiscard]] std::optional<engine::run_row> last_run(const std::string& tenant,
                                                        const std::string& pipeline) override;
  void see_tenant(const std::string& tenant, std::int64_t at_us) override;
  [[nodiscard]] std::int64_t origin(const std::string& pipeline, const std::string& entry) override;

  [[nodiscard]] std::optional<store::embedded::stage_record> find_stage(const std::string& run_id,
                                                                        const std::string& stage) override;
  void put_stage(const store::embedded::stage_record& r) override;
  [[nodiscard]] std::optional<engine::item> find_item(const std::string& run_id, const std::string& stage,
                                                      const std::string& item) override;
  void add_item(const std::string& run_id, const std::string& stage, const engine::item& it) override;
  void put_item(const std::string& run_id, const std::string& stage, const engine::item& it,
                const store::embedded::commit_id& by) override;
  [[nodiscard]] bool has_items(const std::string& run_id, const std::string& stage) override;
  [[nodiscard]] std::vector<engine::item> open_items(const std::string& run_id,
                                                     const std::string& stage) override;
  [[nodiscard]] std::int64_t count_open_items(const std::string& run_id) override;

  void add_page(const store::embedded::page_line& line) override;
  void add_counts(const store::embedded::count_line& line) override;
  [[nodiscard]] std::optional<engine::commit_result> pages_of(const std::string& run_id,
                                                              const store::embedded::commit_id& id) override;
  [[nodiscard]] std::int64_t next_line(const std::string& run_id, const std::string& item) override;
  [[nodiscard]] std::vector<store::stage_account> accounts(const std::string& run_id) override;

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
  [[nodiscard]] std::vector<store::embedded::proven_item> proven_items(const std::string& run_id,
                                                                       const std::string& stage,
                                                                       const std::string& stream) override;
  [[nodiscard]] std::vector<std::string> keys_in(const std::string& tenant, const std::string& stream,
                                                 std::int64_t origin,
                                                 const store::partition_filter& filter) override;
  [[nodiscard]] std::vector<std::string> keys_of_item(const std::string& run_id, const std::string& stage,
                                                      const std::string& item,
                                                      const std::string& stream) override;
  [[nodiscard]] std::vector<std::string> seen_of(const std::string& tenant, const std::string& stream,
                                                 const std::vector<std::string>& keys, std::int64_t since_us,
                                                 std::int64_t requested_us) override;
  void hold(const std::string& run_id, const std::string& stream, const std::vector<std::string>& keys,
            store::held_as why) override;
  [[nodiscard]] std::vector<store::embedded::held_row> held(const std::string& run_id) override;
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
  void erase_reject(std::int64_t id) override;
  [[nodiscard]] std::int64_t count_rejects(const std::string& run_id) override;
  [[nodiscard]] std::vector<engine::reject_row> rejects(const std::string& tenant, const std::string& run_id,
                                                        int limit) override;

  [[nodiscard]] bool has_deferred(const std::string& tenant, const std::string& stream) override;
  [[nodiscard]] std::optional<store::embedded::deferred_record> find_deferred(const std::string& tenant,
                                                                              const std::string& stream,
                                                                              std::string_view key) override;
  void put_deferred(const store::embedded::deferred_record& r) override;
  void erase_deferred(const std::string& tenant, const std::string& stream, std::string_view key) override;
  [[nodiscard]] std::vector<store::embedded::deferred_record> deferred(const std::string& tenant,
                                                                       int limit) override;
  [[nodiscard]] std::vector<store::embedded::deferred_record> expired(const std::string& tenant,
                                                                      std::int64_t now_us) override;
  [[nodiscard]] std::int64_t count_deferred(const std::string& run_id) override;
  [[nodiscard]] std::vector<store::embedded::deferred_record> resolvable(const std::string& tenant,
                                                                         int limit) override;

  [[nodiscard]] bool has_links(const std::string& tenant, const std::string& stream) override;
  void add_link(const store::embedded::link_record& r) override;
  void erase_links(const std::string& tenant, const std::string& stream, std::string_view key) override;
  void erase_link(const store::embedded::link_record& r) override;
  [[nodiscard]] std::vector<store::embedded::link_record> resolvable_links(const std::string& tenant,
                                                                           int limit) override;

  [[nodiscard]] engine::inspector& inspect() override;

 private:
  engine::retention_result retain_runs(const engine::retention_request& request, std::int64_t until_us);
  engine::retention_result retain_rejects(const engine::retention_request& request, std::int64_t until_us);
  engine::retention_result retain_tombstones(const engine::retention_request& request, std::int64_t until_us);
  // True: an open or held run of the tenant was made at or before that instant.
  [[nodiscard]] bool disturbs(const std::string& tenant, std::int64_t at_us) const;
  // True: the next run of a whole tenant still asks what this one has read.
  [[nodiscard]] bool needed(const engine::run_row& run) const;
  [[nodiscard]] bool referred_to(const std::string& tenant, const std::string& stream, std::int64_t id) const;
  // Keys of a stream that pages of the tenant have brought since.
  [[nodiscard]] std::set<std::string> seen(const std::string& tenant, const std::string& stream,
                                           std::int64_t since_us, std::int64_t requested_us = 0) const;
  [[nodiscard]] bool is_live(const std::string& tenant, const std::string& stream,
                             const std::string& key) const;
  [[nodiscard]] store::stage_account account(const store::embedded::stage_record& s) const;

  memory_state& state_;
  const memory_store::faults& faults_;
  const std::function<std::int64_t()>& now_;
  std::map<std::string, std::unique_ptr<memory_stream>, std::less<>> streams_;
  std::unique_ptr<engine::inspector> inspector_;
};

// Throws invalid for a stream that no plugin has declared.
[[nodiscard]] const stream_schema& schema_in(const memory_state& state, const std::string& stream);
// See engine::inspector::count_held.
[[nodiscard]] engine::held_values held_in(memory_state& state, const std::string& tenant,
                                          const std::string& stream, const std::vector<std::string>& columns,
                                          const std::vector<std::string>& keys);

}  // namespace sluice::testing
