// One run in this process: its stages, its batches, its end. Used on one executor only.
//
// A backend asks for steps; steps of one run share a committer. Create it by make_run, keep the
// pointer as long as a coroutine of it may run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "engine/committer.hpp"
#include "engine/gathering.hpp"
#include "engine/wait_note.hpp"

namespace sluice::engine {

struct run_ports {
  store_port& store;
  reader_port& reader;
  clock_port& clock;
  random_port& random;
  boost::asio::any_io_executor executor;
};

struct run_options {
  batch_limits batch;
  std::int64_t lease_us = 30'000'000;
  std::int64_t deadline_us = 24 * 3'600'000'000LL;  // of the whole run
  int active_items = 16;                            // of one step, at the same time
  int step_pages = 500;                             // then the step yields
  std::int64_t step_us = 30'000'000;
  int resolve_rows = 5'000;                       // in one transaction
  std::function<void(const wait_note&)> on_wait;  // may be empty; called on the executor
  std::function<void()> on_essential;             // the same: every essential stage has ended
  // The same: a stage has failed for good, and the store has it.
  std::function<void(const std::string& stage, std::int64_t pages, const failure& why)> on_stage_failed;
};

// True for what ends this attempt and not the run: another host owns it, or the store can't be
// reached. The run stays open in the store, to be taken over from its checkpoints.
[[nodiscard]] inline bool leaves_open(const failure& why) {
  return why.kind() == failure_class::fenced || why.kind() == failure_class::in_doubt || why.retryable();
}

enum class step_outcome : std::uint8_t { ended, yielded, fenced, cancelled };

class run : public std::enable_shared_from_this<run> {
 public:
  run(run_identity id, run_plan plan, run_ports ports, run_options options);

  // Spawns the committer and the keeper of the lease. Call once, before the first step.
  void start();
  // Runs one step from its checkpoints. Reports progress after each commit.
  boost::asio::awaitable<step_outcome> run_step(std::string step, progress_fn on_progress);
  // Stops at once; what is committed stays.
  void cancel();
  // This process ends: stops at once and leaves the run open, for another to take over.
  void leave();
  // No steps are left: resolves, proves, writes the terminal state. The store's failures come
  // through; see leaves_open() for those after which the run is still open.
  boost::asio::awaitable<run_state> finish();

  [[nodiscard]] const run_identity& identity() const noexcept { return id_; }
  [[nodiscard]] const run_plan& plan() const noexcept { return plan_; }
  [[nodiscard]] const stop_source& stopped() const noexcept { return stop_; }

 private:
  friend class step_runner;

  boost::asio::awaitable<void> keep_lease();
  boost::asio::awaitable<void> watch_deadline();
  boost::asio::awaitable<void> renew_once();
  boost::asio::awaitable<void> resolve_all();
  // Writes the terminal state. `why`: the run was stopped.
  boost::asio::awaitable<run_state> close(const std::optional<failure>& why);
  // Nothing: there is something to resolve, to delete or to let go.
  boost::asio::awaitable<std::optional<run_state>> finish_quiet();
  // Deletes what vanished upstream, and what hangs on deleted rows.
  boost::asio::awaitable<void> sweep_all();
  boost::asio::awaitable<void> sweep(const sweep_plan& plan);
  // What steps that run side by side begin and end, made together.
  boost::asio::awaitable<std::vector<stage_attempt>> begin_stages(std::vector<stage_start> stages);
  struct nothing {};
  boost::asio::awaitable<std::vector<nothing>> end_stages(std::vector<stage_end> stages);
  // All that is essential has ended when these have, and nothing has to be done before that may be said.
  [[nodiscard]] bool ends_essential(const std::vector<stage_end>& stages) const;
  boost::asio::awaitable<void> stage_ended(const stage_plan& stage);
  // Runs a piece of store work until it succeeds, fails for good or the patience ends.
  boost::asio::awaitable<void> persist(std::function<void(session&)> work);
  void page_committed(const page_write& page, const page_result& result);

  run_identity id_;
  run_plan plan_;
  run_ports ports_;
  run_options options_;
  stop_source stop_;       // of the work: cancelled, fenced, deadline, store gone
  stop_source finishing_;  // of the lease keeper
  committer committer_;
  std::map<std::string, class step_runner*> owners_;  // stage → the step that runs it now
  gathering<stage_start, stage_attempt> begins_;
  gathering<stage_end, nothing> ends_;
  std::set<std::string> essential_open_;
  bool essential_marked_ = false;  // the store knows that it is over
  struct tally {
    std::int64_t requests = 0, retries = 0;
  };
  std::map<std::string, tally> asked_;  // of the source, by stage: a step may yield many times before its end
  bool running_ = false;                // the store knows that work has begun
  bool deferred_ = false;               // a row of this run waits for its parent
  bool may_resolve_ = false;            // rows have come since it was last tried
};

}  // namespace sluice::engine
