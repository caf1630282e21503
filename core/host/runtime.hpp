// A pipeline at work in this process: its store, plugins, backends and the runs that are under way.
//
// The engine runs on one thread of its own, decoding on a worker pool, the store and the sources on
// threads of theirs. Public functions may be called from any thread but the engine's.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/run.hpp"
#include "host/plan_builder.hpp"
#include "host/ports.hpp"
#include "host/reader.hpp"
#include "host/secrets.hpp"
#include "plugin/backend_instance.hpp"
#include "store/threaded_store.hpp"

namespace sluice::host {

struct runtime_setup {
  const manifest::pipeline& pipeline;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  observe::logger& log;
  const secret_store& secrets;
  store::store& store;  // migrated
};

struct run_answer {
  std::string run_id, correlation_id, backend, route_reason;
  engine::run_lease::how how = engine::run_lease::how::started;
  engine::holder held_by;  // when joined
};

struct run_ask {
  std::string tenant, backend, correlation_id;  // backend and correlation id may be empty
  wanted_phase phases = wanted_phase::both;
  engine::progress_fn on_progress;                  // called on the engine's thread
  std::function<void(const run_answer&)> on_lease;  // once it is known which run it is, before its first line
  bool tells_end = false;                           // the caller shows how it ended: the log does not
};

class runtime final : public plugin::host_services {
 public:
  // Loads the pipeline's plugins, then makes the tables of its streams. Throws plugin::error,
  // decode::error or engine::failure with one line that says what to do.
  explicit runtime(runtime_setup setup);
  ~runtime() override;

  // Starts a run, joins the open one, or takes over one whose holder is gone. Throws engine::failure.
  run_answer start(const run_ask& ask);
  // Until the run is terminal, here or on another host, or until `give_up` says so (asked several
  // times a second). Nothing: gave up. Throws engine::failure when this host could not finish it.
  std::optional<engine::run_row> wait(const std::string& run_id, const std::function<bool()>& give_up);
  void cancel(const std::string& run_id);

  void log(observe::log_level level, const observe::log_context& context, std::string_view message,
           std::string_view fields_json) noexcept override;
  std::string expand_secret(std::string_view tenant, std::string_view text) override;
  void metric_add(std::string_view plugin, std::string_view name, double delta) noexcept override;
  void metric_set(std::string_view plugin, std::string_view name, double value) noexcept override;
  void run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                plugin::step_done done) override;
  void run_ended(std::string_view run_id) override;

 private:
  struct active_run {
    std::shared_ptr<engine::run> run;
    std::string backend;
    engine::progress_fn on_progress;
    bool tells_end = false;
    // Guarded by the runtime's mutex:
    bool over = false;  // finished here, fenced or failed
    std::optional<engine::failure> failed;
  };

  void ensure_tables();
  [[nodiscard]] engine::run_options options_of(const engine::run_identity& id);
  [[nodiscard]] read_history history_of(const std::string& tenant);
  void open_backends();
  [[nodiscard]] engine::run_request make_request(const run_ask& ask, const engine::run_plan& plan);
  void launch(const engine::run_lease& lease, const engine::run_request& request, engine::run_plan plan,
              const run_ask& ask);
  [[nodiscard]] std::shared_ptr<active_run> find(std::string_view run_id);
  void over(const std::shared_ptr<active_run>& active, std::optional<engine::failure> failed);
  void log_end(const engine::run_row& row);
  boost::asio::awaitable<void> drive_step(std::shared_ptr<active_run> active, std::string step,
                                          plugin::step_progress progress, plugin::step_done done);
  boost::asio::awaitable<void> drive_end(std::shared_ptr<active_run> active);

  runtime_setup setup_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::thread_pool pool_;
  std::mutex session_mutex_;
  std::unique_ptr<engine::session> session_;  // for questions from outside of the engine
  system_clock clock_;
  system_random random_;
  store::threaded_store store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<active_run>, std::less<>> active_;
  std::map<std::string, double, std::less<>> metrics_;
  std::unique_ptr<reader> reader_;
  std::thread engine_;
  std::map<std::string, std::unique_ptr<plugin::backend_instance>> backends_;
};

// What can be told before a store is touched: that the tenant and the backend exist, there is something
// to read, and every plugin can be loaded. Throws plugin::error or engine::failure.
void check_before_store(const manifest::pipeline& pipeline, const plugin::catalog& catalog,
                        plugin::loader& loader, const run_ask& ask);

}  // namespace sluice::host
