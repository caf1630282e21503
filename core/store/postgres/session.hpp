// The engine's session over one PostgreSQL connection. A connection that broke is replaced when the
// session is used again.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "store/account.hpp"
#include "store/errors.hpp"
#include "store/partition.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/stream_writer.hpp"
#include "store/postgres/tables.hpp"

namespace sluice::store::postgres {

// Microseconds since 1970 by the database's clock, as an expression.
inline constexpr const char* clock_us = "(extract(epoch FROM clock_timestamp()) * 1000000)::int8";

[[nodiscard]] const std::string& now_sql();  // session_runs.cpp
// The lease of run $1 under epoch $2, kept from commits and take-overs alike until the end of the transaction.
inline constexpr const char* lease_sql =
    "SELECT FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR UPDATE";

// Another process has the run, or it has ended.
[[nodiscard]] engine::failure no_lease(const std::string& run_id);

// accounts.cpp: of run $1, and of stage $2 alone unless it is empty. The second: what each did to its streams.
extern const char* const stages_sql;
extern const char* const streams_sql;
[[nodiscard]] const std::string& run_sql();  // list.cpp
[[nodiscard]] std::vector<engine::run_row> runs_in(const rows&);
[[nodiscard]] std::vector<stage_account> accounts_in(const rows& stages);
[[nodiscard]] std::vector<stage_account> stages_in(const rows& stages, const rows& streams);

// Whether a commit waits for the disk.
enum class durability : std::uint8_t { now, later };

class postgres_session final : public engine::session {
 public:
  postgres_session(std::string dsn, std::string schema, std::unique_ptr<connection> ready);

  std::int64_t now_us() override;
  engine::run_lease start_run(const engine::run_request&,
                              const std::function<bool(const engine::holder&)>& dead) override;
  bool renew_lease(const std::string& run_id, std::int64_t epoch, std::int64_t lease_us) override;
  void mark_running(const std::string& run_id, std::int64_t epoch) override;
  void mark_essential(const std::string& run_id, std::int64_t epoch) override;
  bool request_cancel(const std::string& run_id) override;
  bool cancel_requested(const std::string& run_id) override;
  engine::stage_attempt begin_stage(const std::string& run_id, std::int64_t run_epoch,
                                    const engine::stage_start&) override;
  std::vector<engine::stage_attempt> begin_stages(const engine::stages_start&) override;
  engine::commit_result commit(engine::commit_request&) override;
  std::optional<engine::commit_result> find_commit(const engine::commit_request&) override;
  void drop_item(const std::string& run_id, const std::string& stage, std::int64_t stage_epoch,
                 const std::string& item) override;
  void end_stage(const engine::stage_end&) override;
  void end_stages(const engine::stages_end&) override;
  std::vector<engine::watermark_row> watermarks(const std::string& tenant,
                                                const std::string& pipeline) override;
  std::vector<engine::freshness_row> freshness(const std::string& tenant, const std::string& pipeline,
                                               const std::string& scope) override;
  engine::read_history read_before(const std::string& tenant, const std::string& pipeline,
                                   const std::string& scope, engine::history_use use) override;
  engine::sweep_result sweep(const engine::sweep_request&) override;
  engine::sweep_result cascade(const std::string& run_id, std::int64_t run_epoch, const std::string& stage,
                               const engine::delete_guard&) override;
  engine::run_state approve(const std::string& run_id) override;
  engine::resolve_result resolve(const std::string& run_id, std::int64_t run_epoch, const std::string& tenant,
                                 int limit) override;
  std::int64_t expire_deferred(const std::string& run_id, const std::string& tenant,
                               const std::vector<engine::missing_rule>& rules) override;
  engine::run_state finish_run(const std::string& run_id, std::int64_t epoch, bool cancelled,
                               const std::string& error_code, const std::string& error) override;
  std::optional<engine::run_state> finish_quiet(const engine::quiet_end&) override;
  std::vector<engine::run_row> list_runs(const engine::run_filter&) override;
  std::optional<engine::run_row> show_run(const std::string& run_id) override;
  std::vector<engine::reject_row> list_rejects(const std::string& tenant, const std::string& run_id,
                                               int limit) override;
  std::vector<engine::deferred_row> list_deferred(const std::string& tenant, int limit) override;
  std::vector<engine::tenant_row> list_tenants() override;
  std::vector<std::pair<std::string, std::int64_t>> erase_tenant(const std::string& tenant) override;
  std::vector<engine::open_run> list_open_runs(const std::string& pipeline) override;
  std::vector<engine::due_tenant> list_due(const std::string& pipeline, std::int64_t until_us,
                                           const engine::due_tenant& after, int limit) override;
  engine::retention_result retain(const engine::retention_request&) override;
  std::vector<engine::ended_run> history(const engine::history_filter&) override;
  engine::trend trend_of(const engine::trend_ask&) override;
  engine::note read_note(const std::string& name) override;
  bool write_note(const std::string& name, std::int64_t version, const std::string& text) override;
  engine::inspector& inspect() override;
  // routing.cpp
  std::int64_t count_rows(const std::string& tenant, const std::string& stream, const std::string& column,
                          const std::string& value) override;
  std::optional<engine::last_routed> last_route(const std::string& tenant,
                                                const std::string& pipeline) override;
  void reroute(const std::string& run_id, std::int64_t epoch, const std::string& backend,
               const std::string& reason) override;

 private:
  friend class postgres_inspector;
  struct retry {  // how a batch is tried again
    refused_rows refused;
    bool point_probes = false, careful = false;
  };

  [[nodiscard]] connection& db();
  // Runs `work` in a transaction. All that goes through here may be done twice, so a commit in doubt
  // is merely something to try again.
  // Within another one it is a part of that.
  template <class F>
  auto atomically(F&& work) {
    if (connection_ && connection_->in_transaction()) return work();
    transaction t(db());
    auto out = work();
    finish(t);
    return out;
  }
  // `last` goes with it in one round trip.
  static void finish(transaction& t, const std::vector<statement>& last = {});
  // Repeats `once` while other transactions or refused values come in between.
  template <class F>
  auto persistently(F&& once) -> decltype(once(std::declval<retry&>()));

  void hold_lease(const std::string& run_id, std::int64_t epoch);
  void mark(const std::string& run_id, std::int64_t epoch, const std::string& what,
            durability wait = durability::now);
  [[nodiscard]] bool make_stage(const std::string& run_id, std::int64_t run_epoch,
                                const engine::stage_start&);
  void begin_again(const std::string& run, const engine::stage_start&, engine::stage_attempt&);
  void hold_stage(const std::string& run_id, const std::string& stage, std::int64_t epoch);
  [[nodiscard]] std::optional<engine::run_lease> begin_run(const engine::run_request&);
  [[nodiscard]] engine::run_lease decide_lease(const engine::run_request&,
                                               const std::function<bool(const engine::holder&)>& dead);
  struct held_lease {
    std::string run_id, correlation_id;  // of the open run; empty: there is none
    engine::holder by;
    std::int64_t epoch = 0, expires_us = 0, now_us = 0;
  };
  [[nodiscard]] held_lease lock_lease(const engine::run_request&);
  [[nodiscard]] bool made_since(const engine::run_request&);
  void shorten_lease(const engine::run_request&, std::int64_t expires_us);
  void take_lease(const engine::run_request&, const engine::run_lease& taken, std::int64_t expires_us);
  void insert_run(const engine::run_request&, std::int64_t now);
  [[nodiscard]] engine::run_state ended_before(const std::string& run_id, std::int64_t epoch);

  // session_together.cpp
  [[nodiscard]] bool end_proven(const engine::stages_end&);
  [[nodiscard]] std::optional<engine::run_state> quiet_verdict(const std::string& run,
                                                               const engine::quiet_end&,
                                                               const std::vector<rows>& got);
  [[nodiscard]] bool waits_in_vain(const rows& facts);
  [[nodiscard]] bool ask_partitions(const engine::sweep_request&, const rows& items,
                                    const std::vector<stage_account>& accounts, std::int64_t origin,
                                    std::vector<std::string>& conditions, parameters& values);
  [[nodiscard]] bool nothing_vanished(const std::string& run, const std::string& pipeline,
                                      const engine::quiet_end&, const run_account&, const rows* items);

  // commit.cpp
  [[nodiscard]] write_context context_for(const engine::commit_request&, retry&);
  engine::commit_result commit_once(engine::commit_request&, retry&);
  struct fencing {
    statement ask;
    std::int64_t locks = 0;  // how many it must find: each other number is a fence
  };
  [[nodiscard]] static fencing fence(const engine::commit_request&);
  [[nodiscard]] static fencing hold_for(const engine::commit_request&);
  void check(const fencing&, const engine::commit_request&, const rows& found);
  void pass_gate(const engine::commit_request&);
  [[noreturn]] void explain_fence(const engine::commit_request&);
  void write_streams(write_context&, prepared_batch&, const engine::commit_request&);
  [[nodiscard]] std::int64_t origin_of(const std::string& pipeline, const std::string& entry);
  [[nodiscard]] const stream_table& table_for(const stream_schema&);
  void load_streams();

  // ledger.cpp
  [[nodiscard]] static statement page_lines(const engine::commit_request&, std::int64_t now);
  // Nothing: there were so many that they are written already.
  [[nodiscard]] std::optional<statement> count_lines(const engine::commit_request&, const prepared_batch&,
                                                     const engine::commit_result&);
  void insert_rejects(const std::string& run, const std::vector<engine::reject_row>&);
  void insert_children(const engine::commit_request&);
  void erase_replayed(const engine::commit_request&);

  // resolve.cpp
  struct deferred_record;
  [[nodiscard]] bool may_resolve(const std::string& run_id, std::int64_t epoch, const std::string& tenant);
  engine::resolve_result resolve_once(const std::string& run_id, std::int64_t epoch,
                                      const std::string& tenant, int limit, retry&);
  [[nodiscard]] std::vector<deferred_record> resolvable(const std::string& tenant, int limit);
  [[nodiscard]] std::int64_t resolve_rows(write_context&, const std::vector<deferred_record>&,
                                          engine::resolve_result&);
  void insert_resolved(const prepared_batch&, const std::vector<deferred_record>&, const std::string& run,
                       engine::resolve_result&);
  std::int64_t resolve_links(const write_context&, int limit);
  void set_parents(const write_context&, const stream_schema& child, const std::string& reference,
                   const std::vector<std::string>& keys, const std::vector<std::int64_t>& ids);
  [[nodiscard]] bool more_to_resolve(const std::string& tenant);
  [[nodiscard]] bool any_parent(const std::string& tenant, const rows& of_rows, const rows& of_links);
  [[nodiscard]] std::vector<std::string> awaited_streams(const rows& found);
  [[nodiscard]] std::string join_parent(const std::string& stream, bool live = true);

  // watermarks.cpp: refuses what is not proven, moves the watermark. True: the stage is suspect.
  [[nodiscard]] bool complete_stage(const std::string& run, const engine::stage_end&);

  // sweep.cpp
  // Until the end of the transaction no commit of the tenant is under way that touches the stream.
  void lock_stream(const std::string& tenant, const std::string& stream);
  // The same seen from the other side, for those that may be under way together.
  void share_streams(const std::string& tenant, const std::set<std::string>& streams);
  struct deletion;  // whose rows are deleted, as of when, and where the ledger says so
  // Empty: what is in none of these stages may be deleted.
  [[nodiscard]] std::string why_not_proven(const std::string& run, const std::vector<std::string>& stages);
  struct found_rows {
    std::vector<std::int64_t> ids;
    std::vector<std::string> keys;
  };
  [[nodiscard]] found_rows rows_that(const std::string& sql, const parameters& values);
  [[nodiscard]] std::int64_t live_rows(const std::string& tenant, const std::string& stream,
                                       std::int64_t origin);
  void hold(const std::string& run, const std::string& stream, const std::vector<std::string>& keys, held_as);
  std::int64_t remove(const deletion&, const std::string& stream, const found_rows&);
  // `of`: only what hangs on rows of these streams; empty: of any.
  engine::sweep_result remove_orphans(const deletion&, const std::optional<engine::delete_guard>&,
                                      std::set<std::string> of = {});
  static void drop(found_rows& of, const std::set<std::string>& keys);
  // Drops rows that a page of the tenant has brought which was committed and requested since.
  void drop_seen(found_rows& rows, const std::string& tenant, const std::string& stream,
                 std::int64_t since_us, std::int64_t requested_us);

  // partitions.cpp
  struct swept_run {  // the run that sweeps
    std::string run, tenant, pipeline;
    std::int64_t created_us = 0;
  };
  struct gone_rows {  // of one item's partition
    std::string stage;
    std::int64_t as_of_us = 0;
    found_rows rows;
  };
  [[nodiscard]] engine::sweep_result sweep_partitions(const engine::sweep_request&, const swept_run&,
                                                      const stream_schema&);
  [[nodiscard]] std::vector<gone_rows> find_gone(const engine::sweep_request&, const swept_run&,
                                                 const stream_schema&, std::int64_t origin,
                                                 std::string& why_not);
  [[nodiscard]] std::optional<std::string> in_partition(const stream_schema&, std::int64_t origin,
                                                        const partition_filter&, parameters& values);
  [[nodiscard]] found_rows rows_in(const swept_run&, const stream_schema&, std::int64_t origin,
                                   const partition_filter&);
  void remove_held(const deletion&);
  [[nodiscard]] std::int64_t let_go(const std::string& run, const std::string& tenant,
                                    const engine::missing_rule&);
  [[nodiscard]] std::int64_t expire(const std::string& run, const std::string& tenant);

  // retention.cpp
  engine::retention_result retain_runs(const engine::retention_request&, std::int64_t until_us);
  engine::retention_result retain_rejects(const engine::retention_request&, std::int64_t until_us);
  engine::retention_result retain_tombstones(const engine::retention_request&, std::int64_t until_us);
  std::int64_t remove_tombstones(const stream_schema&, const parameters& window);

  // Without what each stage did to its streams.
  [[nodiscard]] std::vector<stage_account> read_accounts(const std::string& run, const std::string& stage);
  [[nodiscard]] std::vector<stage_account> read_stages(const std::string& run);
  [[nodiscard]] run_account read_account(const std::string& run);

  std::string dsn_, schema_;
  std::unique_ptr<engine::inspector> inspector_;
  std::unique_ptr<connection> connection_;
  std::map<std::pair<std::string, std::string>, std::int64_t> origins_;
  std::map<std::string, std::pair<stream_schema, stream_table>> tables_;
  std::map<std::string, stream_schema> streams_;  // as the database knows them
};

// Six times, then `transient`: by then it is no coincidence.
template <class F>
auto postgres_session::persistently(F&& once) -> decltype(once(std::declval<retry&>())) {
  retry how;
  for (int tries = 1;; ++tries) {
    try {
      return once(how);
    } catch (const overtaken&) {
      how.point_probes = true;
      if (tries == 6) {
        throw transient(code::busy,
                        "PostgreSQL: other transactions kept writing the same rows; it is tried again. If it "
                        "goes on, look for "
                        "a unique index that the plugin did not declare");
      }
    } catch (const sql_failure& f) {
      if (!f.bad_value() || how.careful || tries == 6) throw;
      how.careful = true;
    } catch (const found_refused&) {
      how.careful = false;
      if (tries == 6)
        throw internal(code::internal, "PostgreSQL: values are refused again and again; this is a defect");
    }
  }
}

}  // namespace sluice::store::postgres
