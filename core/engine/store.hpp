// What the engine asks of a store. `session` is one connection: blocking, used by one thread at a
// time. The engine itself sees `store_port`, which runs a piece of work on some session.
//
// Failures are engine::failure: transient (connection lost, deadlock, disk full: message says so),
// fenced, in_doubt (only from commit), invalid (schema), internal.
// All instants are microseconds since 1970 by the database's clock.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "engine/failure.hpp"
#include "engine/history.hpp"
#include "engine/inspector.hpp"
#include "engine/read_history.hpp"
#include "engine/routing_store.hpp"
#include "engine/trend.hpp"
#include "engine/turn.hpp"
#include "engine/types.hpp"

namespace sluice::engine {

// ---- runs -------------------------------------------------------------------------------------

// Who holds a lease, so that others can tell on the same machine whether it still lives.
struct holder {
  std::string host, boot_id;
  std::int64_t pid = 0, started = 0;  // `started`: /proc/PID/stat field 22
};

struct run_request {
  std::string run_id;                   // UUID text, made by the caller
  std::string tenant, pipeline, scope;  // scope: "" = the tenant, else "subject:ID"
  std::string correlation_id, manifest_hash, backend, route_reason, mode;
  std::string plan;      // JSON; what a take-over goes on with
  std::string retry_of;  // the run that this one repeats; may be empty
  holder by;
  std::int64_t lease_us = 30'000'000;
  // No run is started when one of the same (tenant, pipeline, scope) was made at or after this instant; an open
  // one is still joined or taken over. 0: always started. 1: only an open run is taken over.
  std::int64_t unless_since_us = 0;
};

// The run that is now open for (tenant, pipeline, scope).
struct run_lease {
  enum class how : std::uint8_t { started, joined, took_over, skipped };  // skipped: see unless_since_us
  how result = how::started;
  std::string run_id, correlation_id;
  std::int64_t epoch = 0;  // 0 when joined
  holder held_by;          // when joined
};

struct stage_row {
  std::string stage;
  enum phase phase = phase::background;
  stage_state state = stage_state::pending;
  std::int64_t epoch = 0, started_us = 0, ended_us = 0;
  std::int64_t items_open = 0, items_done = 0, pages = 0;
  record_counts records;
  std::vector<std::pair<std::string, row_counts>> streams;
  bool critical = false;
  bool suspect =
      false;  // complete without a record, where the run before had some: nothing is deleted for it
  std::string error_code, error;
};

struct run_row {
  std::string run_id, tenant, pipeline, scope, correlation_id, manifest_hash, backend, route_reason, mode,
      plan, retry_of;
  run_state state = run_state::queued;
  std::int64_t created_us = 0, started_us = 0, essential_us = 0, ended_us = 0;  // 0 = not yet
  // Of an open run: when its last page was committed, and until when its holder has the lease.
  std::int64_t last_page_us = 0, lease_expires_us = 0;
  std::string error_code, error;
  std::vector<stage_row> stages;  // filled by show_run only
};

struct run_filter {
  std::string tenant, state, before_run_id;  // empty = any
  int limit = 50;
};

// ---- a batch ----------------------------------------------------------------------------------

struct page_write {
  std::string stage, item;
  std::string entry;  // the manifest entry that feeds these rows: with the pipeline, their origin
  std::int64_t stage_epoch = 0;
  std::int64_t page_seq = 0;  // pages committed before this one: the compare of the compare-and-set
  std::string next_state;
  bool end = false;
  struct page page;
};

struct commit_request {
  std::string run_id, tenant, pipeline;
  std::int64_t run_epoch = 0;
  std::array<std::uint8_t, 16> id{};  // random; names this commit
  std::vector<page_write> pages;      // consecutive pages of an item follow each other in order
  // Set when another batch of the run is being committed whose pages come before these. The store calls it when
  // all but the checkpoints is written, or, when it has one writer only, before it begins. It blocks until that
  // batch is committed. False: it was not, and this one must not be either (transient). It may be called again.
  std::function<bool()> gate;
};

struct page_result {
  std::vector<std::pair<std::string, row_counts>> streams;
};
struct commit_result {
  std::vector<page_result> pages;  // same order as in the request
};

struct resolve_result {
  std::int64_t resolved = 0;  // rows that left the deferred table
  bool more = false;
  std::vector<std::pair<std::string, row_counts>> streams;  // resolved_* only
};

struct stage_start {
  std::string stage;
  enum phase phase = phase::background;
  bool critical = false;
  bool root = true;  // a root stage gets its item "0" when it has none
  std::string root_vars;
};
// Of one run, at the same time. `first`: it is running from then on.
struct stages_start {
  std::string run_id;
  std::int64_t run_epoch = 0;
  std::vector<stage_start> stages;
  bool first = false;
};
struct stage_attempt {
  std::int64_t epoch = 0;
  stage_state state = stage_state::pending;  // complete: nothing is left to do
  std::vector<item> open_items;
};

// The watermark of an incremental read when its stage is complete: the least of (start of the stage, and of the runs
// of the tenant open beside it, - lag) and the greatest value seen. It never goes back but after a full read.
struct watermark_rule {
  std::string mapping;  // digest of what the values went through
  std::int64_t lag_us = 0;
  bool full = true;  // this stage read everything
};
struct stage_end {
  std::string run_id, stage;
  std::int64_t epoch = 0;
  stage_state state = stage_state::complete;
  std::string error_code, error;
  std::optional<watermark_rule> watermark;
  std::int64_t requests = 0, retries = 0;  // see ended_stage
};
// Stages of one run that end at the same time; `essential`: and with them its essential phase.
struct stages_end {
  std::string run_id;
  std::int64_t run_epoch = 0;
  std::vector<stage_end> stages;
  bool essential = false;
};
// ---- deletes ----------------------------------------------------------------------------------

// How many deletes are too many to happen unasked: more than `floor` rows, and more than `share` of the live ones.
struct delete_guard {
  double share = 0.2;
  std::int64_t floor = 10;
  [[nodiscard]] bool holds(std::int64_t gone, std::int64_t live) const noexcept {
    return gone > floor && static_cast<double>(gone) > share * static_cast<double>(live);
  }
};
// A value that each row of one work item has: pieces of text, and variables of the item ("parent.id", "subject").
struct value_piece {
  bool variable = false;
  std::string text;
  friend bool operator==(const value_piece&, const value_piece&) = default;
};
// Where all rows lie that one item of a stage can bring: those whose wire columns have these values.
struct partition_rule {
  std::string stage;
  std::vector<std::pair<std::string, std::vector<value_piece>>> values;
  std::vector<std::string> others;  // stages that may bring rows of it too: they must be complete
  friend bool operator==(const partition_rule&, const partition_rule&) = default;
};
// What becomes of a deferred row of (stage, stream) whose `reference` has no parent when the run of the whole tenant
// ends, and all stages that bring such parents are proven in it.
struct missing_rule {
  std::string stage, stream, reference;
  std::string to;                    // the parents' stream
  std::vector<std::string> parents;  // every stage that feeds it
  bool rejects = false;              // true: to the rejects; false: let go, and counted as skipped
  // The stage reads everything each time: what this run has brought may go. Else only what was requested before the
  // run was made, since a later read doesn't bring it again.
  bool whole = true;
  friend bool operator==(const missing_rule&, const missing_rule&) = default;
};
struct sweep_request {
  std::string run_id;
  std::int64_t run_epoch = 0;
  std::string entry, stream;
  std::vector<std::string> stages;  // every read of the entry that feeds the stream
  delete_guard guard;
  // Not empty: not the whole stream, but the partitions of those items of these stages that are complete.
  std::vector<partition_rule> partitions;
};
struct sweep_result {
  enum class how : std::uint8_t { done, unproven, held };
  how result = how::done;
  std::string reason;               // unproven: which stage, and why
  std::int64_t live = 0, gone = 0;  // before; gone: deleted, or held
};

// The end of a run that, as far as its engine knows, has done all that it was to do.
struct quiet_end {
  std::string run_id, tenant;
  std::int64_t run_epoch = 0;
  // Of the whole stream where the stages prove it; else of the partitions.
  std::vector<sweep_request> sweeps;
};

struct tenant_row {
  std::string tenant;
  std::int64_t first_seen_us = 0, seen_us = 0;
};

// ---- for a host that serves -------------------------------------------------------------------

// An open run and who has it.
struct open_run {
  std::string run_id, tenant, pipeline, scope;
  holder by;
  bool expired = false;  // its lease has run out
};
// A tenant without an open run of this pipeline's whole scope, and when the last one was made.
struct due_tenant {
  std::string tenant;
  std::int64_t last_us = 0;
};

// What is removed once it is old enough. One call is one small transaction: a part of a pass, which is at its
// end when there is no more. What an open or held run, the next run or a stored row still needs stays.
struct retention_request {
  enum class kind : std::uint8_t { ledger, rejects, tombstones, runs };
  kind what = kind::ledger;
  std::int64_t age_us = 0;  // older than this, by the database's clock
  std::string after;        // where the last call ended; empty: from the beginning
  int limit = 1'000;        // rows of a table
};
struct retention_result {
  std::vector<std::pair<std::string, std::int64_t>> removed;  // how many of each table
  std::string after;
  bool more = false;
};

// ---- for people -------------------------------------------------------------------------------

struct reject_row {
  std::int64_t id = 0, at_us = 0, page_seq = 0;
  std::string run_id, tenant, stage, item;
  reject what;
};
struct deferred_row {
  std::string tenant, stream, key, reference, parent_stream, parent_key, run_id;
  std::int64_t first_seen_us = 0, expires_us = 0;
};

class session : public routing_store {
 public:
  [[nodiscard]] virtual std::int64_t now_us() = 0;

  // Single flight: starts a run, joins the open one, or takes an open one over whose holder's lease
  // has run out or of which `dead` says that it is gone. One transaction.
  virtual run_lease start_run(const run_request&, const std::function<bool(const holder&)>& dead) = 0;
  // False: fenced; the run belongs to somebody else or is terminal.
  [[nodiscard]] virtual bool renew_lease(const std::string& run_id, std::int64_t epoch,
                                         std::int64_t lease_us) = 0;
  // Sets `running`, or marks the essential phase as terminal. Fenced by the run's epoch.
  virtual void mark_running(const std::string& run_id, std::int64_t epoch) = 0;
  virtual void mark_essential(const std::string& run_id, std::int64_t epoch) = 0;
  // Asks an open run to stop; its holder sees it at the next renewal. False: no such open run.
  virtual bool request_cancel(const std::string& run_id) = 0;
  [[nodiscard]] virtual bool cancel_requested(const std::string& run_id) = 0;

  // Takes a new epoch for the stage and returns what is open. A terminal stage is returned as it is.
  virtual stage_attempt begin_stage(const std::string& run_id, std::int64_t run_epoch,
                                    const stage_start&) = 0;
  // Stages that begin together, with one answer for each, as mark_running and begin_stage would have it. In as few
  // transactions as the store can, else one after the other; after a failure it may be asked again.
  virtual std::vector<stage_attempt> begin_stages(const stages_start&);
  // One transaction: fence, rows, rejects, deferred, ledger, checkpoints, children.
  virtual commit_result commit(commit_request&) = 0;
  // After in_doubt: the result of that commit if it happened, nothing if it did not.
  [[nodiscard]] virtual std::optional<commit_result> find_commit(const commit_request&) = 0;
  // An item that ends without a page: its parent record vanished upstream.
  virtual void drop_item(const std::string& run_id, const std::string& stage, std::int64_t stage_epoch,
                         const std::string& item) = 0;
  // complete is refused (internal) while an item is open or the stage's account doesn't balance. With it go
  // the watermark and the mark of a suspect stage.
  virtual void end_stage(const stage_end&) = 0;
  // What ends together, as end_stage does for each, and then mark_essential if they say so: see begin_stages.
  virtual void end_stages(const stages_end&);
  [[nodiscard]] virtual std::vector<watermark_row> watermarks(const std::string& tenant,
                                                              const std::string& pipeline) = 0;
  [[nodiscard]] virtual std::vector<freshness_row> freshness(const std::string& tenant,
                                                             const std::string& pipeline,
                                                             const std::string& scope) = 0;
  // What of it is not of use stays empty.
  [[nodiscard]] virtual read_history read_before(const std::string& tenant, const std::string& pipeline,
                                                 const std::string& scope, history_use use);
  // Writes deferred rows of the tenant whose parents are there now, at most `limit`.
  virtual resolve_result resolve(const std::string& run_id, std::int64_t run_epoch, const std::string& tenant,
                                 int limit) = 0;
  // Deferred rows that wait in vain: those that a rule speaks of and that this run proves to have no parent
  // are let go, or go to the rejects; so do those older than their expiry. How many.
  virtual std::int64_t expire_deferred(const std::string& run_id, const std::string& tenant,
                                       const std::vector<missing_rule>& rules) = 0;
  // Makes tombstones of the live rows of (pipeline, entry) that no page of any run of this tenant has brought
  // since this run was made; or holds them, when they are too many. Not proven, nothing deleted: when one of
  // the stages is not complete, is suspect or met records that it couldn't read. With `partitions`: of the
  // rows of each item that is complete, took every record and is alone with them; the guard is for their sum.
  virtual sweep_result sweep(const sweep_request&) = 0;
  // Makes tombstones of the live rows of the tenant whose required parent is one, level by level, if this run
  // has deleted anything. The lines of the ledger go to `stage`.
  virtual sweep_result cascade(const std::string& run_id, std::int64_t run_epoch, const std::string& stage,
                               const delete_guard&) = 0;
  // Deletes what a held run has held and nothing has brought since, with what hangs on it, and writes the
  // state that the run has without it. Refused (invalid) for a run in any other state.
  virtual run_state approve(const std::string& run_id) = 0;
  // The only writer of a terminal state. It reads the account and decides: succeeded needs the proof;
  // rejects, deferred rows of this run, a suspect or a failed uncritical stage make it partial; held deletes
  // make it held; a failed critical or essential stage makes it failed. Returns what was written. Gives up the lease.
  virtual run_state finish_run(const std::string& run_id, std::int64_t epoch, bool cancelled,
                               const std::string& error_code, const std::string& error) = 0;
  // Most runs end with nothing to resolve, to delete or to let go. Then this is their end, in one transaction, with
  // the state that finish_run would have written. Nothing: there is something, or the store doesn't look; nothing was
  // written, and resolve, sweep, cascade, expire_deferred and finish_run have the word.
  [[nodiscard]] virtual std::optional<run_state> finish_quiet(const quiet_end&) { return std::nullopt; }

  [[nodiscard]] virtual std::vector<run_row> list_runs(const run_filter&) = 0;
  [[nodiscard]] virtual std::optional<run_row> show_run(const std::string& run_id) = 0;
  [[nodiscard]] virtual std::vector<reject_row> list_rejects(const std::string& tenant,
                                                             const std::string& run_id, int limit) = 0;
  [[nodiscard]] virtual std::vector<deferred_row> list_deferred(const std::string& tenant, int limit) = 0;
  [[nodiscard]] virtual std::vector<tenant_row> list_tenants() = 0;
  // Removes every row that belongs to the tenant, of all streams and of the machinery. How many of each
  // table. Refused (invalid) while a run of it is open.
  virtual std::vector<std::pair<std::string, std::int64_t>> erase_tenant(const std::string& tenant) = 0;

  // What is stored, as it is. Lives as long as the session, and is used by the same thread.
  [[nodiscard]] virtual inspector& inspect() = 0;

  [[nodiscard]] virtual std::vector<open_run> list_open_runs(const std::string& pipeline) = 0;
  // Tenants whose last run was made at or before `until_us`, longest ago first, from `after` on.
  [[nodiscard]] virtual std::vector<due_tenant> list_due(const std::string& pipeline, std::int64_t until_us,
                                                         const due_tenant& after, int limit) = 0;
  virtual retention_result retain(const retention_request&) = 0;

  [[nodiscard]] virtual std::vector<ended_run> history(const history_filter&) = 0;
  [[nodiscard]] virtual trend trend_of(const trend_ask&) = 0;
  [[nodiscard]] virtual note read_note(const std::string& name) = 0;
  // Only while it has that version still. False: somebody else was faster, or this very call was asked before.
  virtual bool write_note(const std::string& name, std::int64_t version, const std::string& text) = 0;
};

class store_port {
 public:
  virtual ~store_port() = default;
  // Runs `work` on a session, essential first, tenants in turns, and rethrows what it throws. Everything that
  // `work` refers to must live until the awaitable has returned.
  virtual boost::asio::awaitable<void> execute(turn, std::function<void(session&)> work) = 0;
  // [any] How long work has waited for its turn of late, in microseconds. 0: whoever comes goes on at once.
  [[nodiscard]] virtual std::int64_t waits_us() const { return 0; }

  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F&, session&>> call(turn u, F work) {
    using result = std::invoke_result_t<F&, session&>;
    if constexpr (std::is_void_v<result>) {
      co_await execute(u, [&](session& s) { work(s); });
    } else {
      std::optional<result> out;
      co_await execute(u, [&](session& s) { out.emplace(work(s)); });
      co_return std::move(*out);
    }
  }
};

}  // namespace sluice::engine
