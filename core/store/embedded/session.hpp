// The engine's session over tables that are read and written row by row. All rules of the folder's
// README that are about runs, fences, rows and references stand here, and nowhere else for these stores.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/embedded/tables.hpp"

namespace sluice::store::embedded {

// The rows of one item's partition that are gone.
struct gone_rows {
  std::string stage;
  std::int64_t as_of_us = 0;
  std::vector<std::string> keys;
};

class session final : public engine::session {
 public:
  explicit session(std::unique_ptr<tables> over);

  [[nodiscard]] std::int64_t now_us() override { return tables_->now_us(); }

  engine::run_lease start_run(const engine::run_request& request,
                              const std::function<bool(const engine::holder&)>& dead) override;
  [[nodiscard]] bool renew_lease(const std::string& run_id, std::int64_t epoch,
                                 std::int64_t lease_us) override;
  void mark_running(const std::string& run_id, std::int64_t epoch) override;
  void mark_essential(const std::string& run_id, std::int64_t epoch) override;
  bool request_cancel(const std::string& run_id) override;
  [[nodiscard]] bool cancel_requested(const std::string& run_id) override;
  engine::run_state finish_run(const std::string& run_id, std::int64_t epoch, bool cancelled,
                               const std::string& error_code, const std::string& error) override;

  engine::stage_attempt begin_stage(const std::string& run_id, std::int64_t run_epoch,
                                    const engine::stage_start& start) override;
  std::vector<engine::stage_attempt> begin_stages(const engine::stages_start& start) override;
  void drop_item(const std::string& run_id, const std::string& stage, std::int64_t stage_epoch,
                 const std::string& item) override;
  void end_stage(const engine::stage_end& stage) override;
  void end_stages(const engine::stages_end& all) override;
  [[nodiscard]] std::vector<engine::watermark_row> watermarks(const std::string& tenant,
                                                              const std::string& pipeline) override;
  [[nodiscard]] std::vector<engine::freshness_row> freshness(const std::string& tenant,
                                                             const std::string& pipeline,
                                                             const std::string& scope) override;

  engine::sweep_result sweep(const engine::sweep_request& request) override;
  engine::sweep_result cascade(const std::string& run_id, std::int64_t run_epoch, const std::string& stage,
                               const engine::delete_guard& guard) override;
  engine::run_state approve(const std::string& run_id) override;
  [[nodiscard]] std::optional<engine::run_state> finish_quiet(const engine::quiet_end& end) override;

  engine::commit_result commit(engine::commit_request& request) override;
  [[nodiscard]] std::optional<engine::commit_result> find_commit(
      const engine::commit_request& request) override;
  engine::resolve_result resolve(const std::string& run_id, std::int64_t run_epoch, const std::string& tenant,
                                 int limit) override;
  std::int64_t expire_deferred(const std::string& run_id, const std::string& tenant,
                               const std::vector<engine::missing_rule>& rules) override;

  [[nodiscard]] std::vector<engine::run_row> list_runs(const engine::run_filter& filter) override;
  [[nodiscard]] std::optional<engine::run_row> show_run(const std::string& run_id) override;
  [[nodiscard]] std::vector<engine::reject_row> list_rejects(const std::string& tenant,
                                                             const std::string& run_id, int limit) override;
  [[nodiscard]] std::vector<engine::deferred_row> list_deferred(const std::string& tenant,
                                                                int limit) override;
  [[nodiscard]] std::vector<engine::tenant_row> list_tenants() override { return tables_->tenants(); }
  std::vector<std::pair<std::string, std::int64_t>> erase_tenant(const std::string& tenant) override;
  [[nodiscard]] engine::inspector& inspect() override { return tables_->inspect(); }

  [[nodiscard]] std::vector<engine::open_run> list_open_runs(const std::string& pipeline) override {
    return tables_->open_runs(pipeline);
  }
  [[nodiscard]] std::vector<engine::due_tenant> list_due(const std::string& pipeline, std::int64_t until_us,
                                                         const engine::due_tenant& after,
                                                         int limit) override {
    return tables_->due(pipeline, until_us, after, limit);
  }
  engine::retention_result retain(const engine::retention_request& request) override;
  [[nodiscard]] engine::trend trend_of(const engine::trend_ask& ask) override {
    return tables_->trend_of(ask);
  }
  [[nodiscard]] std::vector<engine::ended_run> history(const engine::history_filter& filter) override {
    return tables_->history(filter);
  }
  [[nodiscard]] engine::note read_note(const std::string& name) override { return tables_->note(name); }
  bool write_note(const std::string& name, std::int64_t version, const std::string& text) override;

  [[nodiscard]] std::int64_t count_rows(const std::string& tenant, const std::string& stream,
                                        const std::string& column, const std::string& value) override;
  [[nodiscard]] std::optional<engine::last_routed> last_route(const std::string& tenant,
                                                              const std::string& pipeline) override;
  void reroute(const std::string& run_id, std::int64_t epoch, const std::string& backend,
               const std::string& reason) override;

 private:
  struct owned_run {
    run_record run;
    lease_record lease;
  };
  // Throws fenced_run unless the lease is with that run and epoch.
  [[nodiscard]] owned_run fence_run(const std::string& run_id, std::int64_t epoch);
  [[nodiscard]] std::optional<engine::run_state> already_ended(const std::string& run_id, std::int64_t epoch);
  [[nodiscard]] stage_record fence_stage(const std::string& run_id, const std::string& stage,
                                         std::int64_t epoch);
  [[nodiscard]] run_account account_of(const run_record& run);
  // Each in the open transaction.
  void run_on(owned_run& owned);
  void essential_over(owned_run& owned);
  [[nodiscard]] engine::stage_attempt begin(const std::string& run_id, const engine::stage_start& start);
  void end(const engine::stage_end& end);
  // The run's end, and that of its lease.
  void close(owned_run& owned, const verdict& v);
  // Nothing that waits can be written now, or must be let go by a run of one subject.
  [[nodiscard]] bool waits_in_vain(const engine::run_row& run);
  [[nodiscard]] bool anything_left(const engine::run_row& run, const engine::quiet_end& end,
                                   const run_account& account);
  // Whether something may hang on a row that this run has deleted, or that one before it has left so.
  [[nodiscard]] bool may_have_orphans(const engine::run_row& run);
  void fill_open(engine::run_row& row);
  [[nodiscard]] engine::sweep_result sweep_partitions(const engine::sweep_request& r,
                                                      const engine::run_row& run);
  [[nodiscard]] std::vector<gone_rows> find_gone(const engine::sweep_request& r, const engine::run_row& run,
                                                 const std::vector<stage_account>& accounts,
                                                 std::string& why_not);
  [[nodiscard]] bool any_gone(const engine::sweep_request& r, const engine::run_row& run,
                              const run_account& account);
  void move_watermark(const engine::run_row& run, const stage_record& stage,
                      const engine::watermark_rule& rule);
  void fence_pages(const engine::commit_request& request);
  void write_ledger(const engine::commit_request& request, const prepared_batch& batch,
                    const engine::commit_result& result, std::int64_t now);
  void write_rejects(const engine::commit_request& request, const prepared_batch& batch, std::int64_t now);
  void move_checkpoints(const engine::commit_request& request);

  std::unique_ptr<tables> tables_;
};

// A writing transaction that is rolled back unless it was committed.
class transaction {
 public:
  explicit transaction(tables& t) : tables_(t) { tables_.begin(); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() {
    if (!done_) tables_.rollback();
  }
  void commit() {
    done_ = true;
    tables_.commit();
  }

 private:
  tables& tables_;
  bool done_ = false;
};

}  // namespace sluice::store::embedded
