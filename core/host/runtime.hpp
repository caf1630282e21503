// A pipeline at work in this process: its store, plugins, backends and the runs that are under way.
//
// The engine runs on one thread of its own, decoding on a worker pool, the store and the sources on
// threads of theirs. Public functions may be called from any thread but the engine's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json_fwd.hpp>

#include "engine/run.hpp"
#include "host/admission.hpp"
#include "host/backend_health.hpp"
#include "host/backend_port.hpp"
#include "host/plan_builder.hpp"
#include "host/plugin_metrics.hpp"
#include "host/ports.hpp"
#include "host/reader.hpp"
#include "host/run_parts.hpp"
#include "host/source_health.hpp"
#include "host/start_gate.hpp"
#include "host/stored_facts.hpp"
#include "host/turn_pool.hpp"
#include "plugin/backend_instance.hpp"
#include "plugin/run_services.hpp"
#include "store/session_pool.hpp"
#include "store/threaded_store.hpp"

namespace sluice::host {

// What the pipelines of one host have in common: it must outlive them.
struct shared_parts {
  engine::store_port& jobs;
  turn_pool& pool;
  admission& door;
  source_health& health;
  backend_health& backends;
  plugin_metrics& metrics;
  // Told of a run whose essential phase or whole is over here, or that another process has now. Any thread; quick.
  std::function<void(const std::string& run_id)> on_change;
};

// What this process knows by itself of a run.
enum class run_standing : std::uint8_t {
  elsewhere,       // nothing: it is at work in another process, or ended long ago
  essential_open,  // its essential phase is under way or waits here
  essential_over,  // that is over, or all of it
};

struct runtime_setup {
  const manifest::pipeline& pipeline;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  observe::logger& log;
  const secret_store& secrets;
  store::store& store;  // migrated
  std::int64_t lease_us = 30'000'000;
  shared_parts* shared = nullptr;         // null: the pipeline is alone, and every run begins at once
  std::int64_t remember_us = 60'000'000;  // that a run has ended: who asked for it may still come to wait
};

struct run_answer {
  std::string run_id, correlation_id, backend, route_reason;
  engine::run_lease::how how = engine::run_lease::how::started;
  engine::holder held_by;  // when joined
  std::string scope;       // empty: the tenant
};

struct run_ask {
  std::string tenant, backend, correlation_id;  // backend and correlation id may be empty
  wanted_phase phases = wanted_phase::both;
  engine::progress_fn on_progress;                  // called on the engine's thread
  std::function<void(const run_answer&)> on_lease;  // once it is known which run it is, before its first line
  bool tells_end = false;                           // the caller shows how it ended: the log does not
  bool adopted = false;                             // its backend asks: it is not told to begin
  engine::urgency urgency = engine::urgency::essential;  // of its place in this host's queue
  std::int64_t unless_since_us = 0;                      // as in engine::run_request
  std::int64_t patience_us = 0;                          // of who waits, for his turn too; 0: not known
  std::size_t coming = 0;                                // others that may ask for a place before this does
  std::optional<engine::run_plan> plan;                  // instead of one that is made of the manifest
  std::string retry_of;                                  // the run that this one repeats
  bool full = false;                                     // reads everything, what is fresh too
  run_part part = run_part::whole;
  std::string subject;                      // of that part, and of a sign-in
  engine::progress_fn on_subject_progress;  // of a sign-in: that of the subject's run
};

// The runs of a sign-in: the subject's, and the tenant's unless nothing is left for it to read, or nothing that somebody
// waits for and all of it is fresh.
struct sign_in_answer {
  run_answer subject;
  std::optional<run_answer> tenant;
  std::optional<engine::failure> put_off;  // why that of the tenant, which nobody waits for, has no room now
};

class runtime final : public plain_services, public plugin::run_services {
 public:
  // Loads the pipeline's plugins, then makes the tables of its streams. Throws plugin::error,
  // decode::error or engine::failure with one line that says what to do.
  explicit runtime(runtime_setup setup);
  ~runtime() override;

  // Starts a run, joins the open one, or takes over one whose holder is gone. Throws engine::failure.
  run_answer start(const run_ask& ask);
  // For the subject that `ask` names: starts or joins its run and that of the rest of its tenant, under one
  // correlation id. Throws engine::failure.
  sign_in_answer sign_in(run_ask ask);
  // Until the essential phase of all of these runs is over, but no longer than that, and not longer than its
  // deadline; or until `give_up` says so. True: it is over. Throws like wait().
  bool wait_essential(const std::vector<std::string>& run_ids, std::chrono::microseconds at_most,
                      const std::function<bool()>& give_up);
  // Whether this host has room for what was asked, as start() would find it: before anything is asked of the store.
  // Who joins a run that is open here needs none. Throws engine::failure.
  void check_room(const run_ask& ask);
  // Whether what was asked for is open here: who joins it begins nothing.
  [[nodiscard]] bool joins_here(const run_ask& ask);
  // Without waiting or asking the store. shared_parts::on_change says when to look again.
  [[nodiscard]] run_standing standing(const std::string& run_id);
  // Where a run of the tenant would go now, by each rule and condition: see route_json. Throws engine::failure.
  [[nodiscard]] nlohmann::json explain_route(const std::string& tenant);
  // The receipt as it stands now, with the essential stages and how old what is stored of them is.
  [[nodiscard]] nlohmann::json state_of(const std::string& run_id);
  // Until the run is terminal, here or on another host, or until `give_up` says so (asked several
  // times a second). A run of another host that dies meanwhile is taken over. Nothing: gave up. Throws
  // engine::failure when this host could not finish it.
  std::optional<engine::run_row> wait(const std::string& run_id, const std::function<bool()>& give_up);
  void cancel(const std::string& run_id);

  // For a host that serves. True: that run is under way or queued here.
  [[nodiscard]] bool has(const std::string& run_id);
  [[nodiscard]] std::size_t open_runs();
  // Ends queued runs that were cancelled or whose time is over, and forgets those that ended a while ago and that
  // nobody waits for: the store has what became of them. Call it now and then.
  void tend();
  // Runs that it knows of, ended ones too.
  [[nodiscard]] std::size_t remembered_runs();
  // All runs stop where they are and stay open, for another process to take over. Nothing may be started after it.
  void leave();

  void metric_add(std::string_view plugin, std::string_view name, double delta) noexcept override;
  void metric_set(std::string_view plugin, std::string_view name, double value) noexcept override;
  void run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                plugin::step_done done) override;
  void run_ended(std::string_view run_id) override;
  // A backend takes the run, which is then its own for good. Throws error (SLU-6026) when it is with another one.
  void begin_by(std::string_view run_id, const std::string& backend);
  [[nodiscard]] std::string adopt_for(std::string_view run_id, const std::string& backend);
  [[nodiscard]] const std::string& pipeline_name() const noexcept override;
  [[nodiscard]] std::string adopt(std::string_view run_id) override;
  void stop_run(std::string_view run_id) override;
  void finish_run(std::string_view run_id, told on_end) override;

 private:
  struct active_run {
    std::shared_ptr<engine::run> run;
    std::string scope;
    std::string reason;  // why it is with its backend
    engine::progress_fn on_progress;
    bool tells_end = false;
    std::int64_t made_us = 0;  // when the run was made; 0: it was taken over
    std::shared_ptr<start_gate> gate;
    // Guarded by the runtime's mutex:
    std::string backend;  // nobody's, when empty
    bool begun = false;   // its backend has asked for something of it
    bool essential_over = false;
    bool over = false;   // finished here, fenced or failed
    bool ended = false;  // and nothing of it is under way any more
    int steps = 0;       // under way
    std::int64_t over_us = 0;
    std::optional<engine::failure> failed;
    std::optional<engine::run_row> row;  // as it ended here
    std::shared_ptr<admission::place> place;
  };
  // Somebody waits for these runs as long as it lives.
  class awaiting {
   public:
    awaiting(runtime& at, const std::vector<std::string>& run_ids);
    awaiting(const awaiting&) = delete;
    awaiting& operator=(const awaiting&) = delete;
    ~awaiting();

   private:
    runtime& at_;
    std::vector<std::string> run_ids_;
  };
  // A run's place on this host, asked for before it is in the store.
  struct admitted {
    std::shared_ptr<start_gate> gate = std::make_shared<start_gate>();
    std::unique_ptr<admission::place> place;
  };

  // A run that its backend has not begun with.
  struct outbox_entry {
    std::shared_ptr<active_run> active;
    std::string home, plan;  // home: its backend
    std::int64_t since_us = 0, stopped_us = 0;
    bool handed = false;  // the backend knows of it
    bool told = false;    // that it waits
  };
  struct look {
    std::optional<plugin::error> why;  // it takes no runs
    std::int64_t away_us = 0;          // for so long
  };

  // runtime_outbox.cpp
  [[nodiscard]] look look_at(const std::string& backend);
  // Lets the backend begin with the run, now or when it takes runs again; or another one, by `when_unavailable`.
  void hand_over(const std::shared_ptr<active_run>& active, const std::string& plan);
  boost::asio::awaitable<void> stay_in_outbox(outbox_entry entry);
  boost::asio::awaitable<void> wait_in_outbox(outbox_entry& e);
  boost::asio::awaitable<void> hand_over_late(outbox_entry& e);
  boost::asio::awaitable<void> tell_that_it_waits(outbox_entry& e, const plugin::error& why);
  boost::asio::awaitable<void> move_to(outbox_entry& e, const std::string& other, const plugin::error& why);
  boost::asio::awaitable<bool> end_in_outbox(outbox_entry& e, bool away);
  boost::asio::awaitable<void> tell_route(outbox_entry& e, const std::string& backend, std::string reason);
  // False: its backend has begun.
  [[nodiscard]] bool claim(const std::shared_ptr<active_run>& active, const std::string& for_backend);
  void empty_outbox();  // and wait until it is

  [[nodiscard]] admitted admit(const run_ask& ask, const std::string& backend, engine::urgency claim);
  [[nodiscard]] bool is_open_here(const std::string& tenant, const std::string& scope);
  // Its essential phase is over.
  void essential_over(const std::string& run_id);
  [[nodiscard]] std::string adopt_by(std::string_view run_id, const std::string& backend);
  // Adopt, with the engine's failures; `by` may be empty.
  [[nodiscard]] std::string take(const std::string& run_id, const std::string& by);
  void forget_ended();
  [[nodiscard]] engine::run_options options_of(const engine::run_identity& id);
  [[nodiscard]] read_history history_of(const run_ask& ask, const std::string& scope);
  // Throws why this host could not finish the run, unless another has it now; and when the store stays away.
  [[nodiscard]] bool is_essential_over(const std::string& run_id,
                                       std::chrono::steady_clock::time_point until);
  void open_backends();
  // What the store says of a tenant for routing; asked again after a while.
  [[nodiscard]] std::shared_ptr<stored_facts> facts_of(const std::string& tenant);
  [[nodiscard]] facts_setup ask_facts_of(const std::string& tenant);
  [[nodiscard]] engine::run_request make_request(const run_ask& ask, const engine::run_plan& plan);
  [[nodiscard]] bool enter(const std::shared_ptr<active_run>& active);
  void launch(const engine::run_lease& lease, const engine::run_request& request, engine::run_plan plan,
              const run_ask& ask, admitted place);
  [[nodiscard]] std::shared_ptr<active_run> find(std::string_view run_id);
  [[nodiscard]] std::optional<engine::run_row> row_of(const std::string& run_id);
  // Takes the run over if its holder is gone. `again_us`: when it is worth to look next, if nobody dies.
  void go_on_with(const std::string& run_id, std::int64_t& again_us);
  void abandon(const std::shared_ptr<active_run>& active, engine::failure why);
  void over(const std::shared_ptr<active_run>& active, std::optional<engine::failure> failed);
  void log_start(const engine::run_lease& lease, const engine::run_request& request);
  void log_end(const engine::run_row& row);
  // A fenced run has no end: it is over when its last step is.
  void step_over(const std::shared_ptr<active_run>& active);
  // Wakes those who wait for the run.
  void tell_change(const std::string& run_id);
  boost::asio::awaitable<void> drive_step(std::shared_ptr<active_run> active, std::string step,
                                          plugin::step_progress progress, plugin::step_done done);
  // `on_end` may be empty.
  boost::asio::awaitable<void> drive_end(std::shared_ptr<active_run> active, told on_end = {});
  // The end is in the store already: that it can't be read changes nothing.
  boost::asio::awaitable<std::optional<engine::run_row>> tell_end(const active_run& active,
                                                                  engine::run_state state);
  // A question from outside of the engine, asked once.
  template <class F>
  auto ask_once(F&& question) -> decltype(question(std::declval<engine::session&>()));
  // The same; a store that is away for a moment is waited for, until then at most.
  template <class F>
  auto ask_store(F&& question, std::chrono::steady_clock::time_point until);
  template <class F>
  auto ask_store(F&& question) {
    return ask_store(std::forward<F>(question),
                     std::chrono::steady_clock::now() +
                         std::chrono::microseconds(engine::batch_limits{}.store_patience_us));
  }
  void wait_for_store(const engine::failure& why, int failures, std::chrono::steady_clock::time_point until);
  // Whether the run is at work on another host. What was taken over is ours from then on.
  [[nodiscard]] bool elsewhere(const std::shared_ptr<active_run>& active);

  runtime_setup setup_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<turn_pool> own_pool_;  // unless it is shared
  turn_pool& pool_;
  system_clock clock_;
  system_random random_;
  std::unique_ptr<store::threaded_store> own_store_;  // unless it is shared
  engine::store_port& store_;
  std::unique_ptr<store::session_pool> questions_;  // where the store is shared
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<active_run>, std::less<>> active_;
  std::multiset<std::pair<std::string, std::string>>
      open_here_;  // tenant and scope of those that are not over
  // Runs of other hosts that somebody here waits for: what was asked, and who had the run when last seen.
  struct foreign_run {
    run_ask ask;
    engine::run_request request;
    engine::holder by;
    std::int64_t asked_us = 0;
  };
  std::map<std::string, foreign_run, std::less<>> foreign_;
  struct known_facts {
    std::shared_ptr<stored_facts> facts;
    std::int64_t asked_us = 0;
  };
  std::map<std::string, known_facts, std::less<>> facts_;  // by tenant
  std::multiset<std::string, std::less<>> awaited_;        // run ids, once for each who waits
  std::unique_ptr<backend_health> own_backend_health_;     // unless it is shared
  backend_health& backend_health_;
  engine::stop_source outbox_stop_;  // on the engine's thread
  int in_outbox_ = 0;                // guarded by the mutex
  std::map<std::string, std::unique_ptr<backend_port>> ports_;
  std::unique_ptr<reader> reader_;
  std::thread engine_;
  std::map<std::string, std::unique_ptr<plugin::backend_instance>> backends_;
};

template <class F>
auto runtime::ask_once(F&& question) -> decltype(question(std::declval<engine::session&>())) {
  if (!own_store_) return questions_->with(question);
  std::optional<decltype(question(std::declval<engine::session&>()))> out;
  own_store_->execute_here(engine::urgency::essential, [&](engine::session& s) { out.emplace(question(s)); });
  return std::move(*out);
}

template <class F>
auto runtime::ask_store(F&& question, std::chrono::steady_clock::time_point until) {
  for (int failures = 1;; ++failures) {
    std::optional<engine::failure> failed;
    try {
      return ask_once(question);
    } catch (const engine::failure& f) {
      failed.emplace(f);
    }
    wait_for_store(*failed, failures, until);
  }
}
// Another attempt has the run now.
[[nodiscard]] inline bool is_fenced(const std::optional<engine::failure>& f) {
  return f && f->kind() == engine::failure_class::fenced;
}

// What is to be read. Throws engine::failure (SLU-6027, SLU-6040) when the manifest has nothing of the kind.
[[nodiscard]] engine::run_plan plan_of(const manifest::pipeline& pipeline, const run_ask& ask,
                                       const read_history& history);

// Whether somebody may wait for something of it.
[[nodiscard]] bool has_essential(const engine::run_plan& plan);

// The scope of a run of one subject.
[[nodiscard]] std::string scope_of(const std::string& subject);
// Back again; empty: the scope is the tenant.
[[nodiscard]] std::string subject_of(const std::string& scope);
// Throws engine::failure (SLU-6041) for what can't be a subject's id.
void check_subject(const std::string& subject);

// What can be told from the manifest alone: that the tenant and the backend exist, and there is something to read.
// Throws plugin::error or engine::failure.
void check_ask(const manifest::pipeline& pipeline, const run_ask& ask);

// What can be told before a store is touched: that, and that every plugin can be loaded. Throws the same.
void check_before_store(const manifest::pipeline& pipeline, const plugin::catalog& catalog,
                        plugin::loader& loader, const run_ask& ask);

}  // namespace sluice::host
