// A host that serves: the pipelines of its manifests over one store, in one process. It takes over runs whose holder is
// dead, carries out `every` and the retention, and reads its manifests again when it is told to. Commands that come
// in from elsewhere, over an admin socket or HTTP, ask the runtimes that pipelines() hands out.
//
// All functions are called on one thread, but for those that say otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/alert_watch.hpp"
#include "host/health_report.hpp"
#include "host/runtime.hpp"
#include "host/settings.hpp"

namespace sluice::host {

struct service_setup {
  const host::settings& settings;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  observe::logger& log;
  observe::redactor& redactor;
  std::vector<std::string> manifests;  // none: those of the host file's folder
  // A checked manifest; nothing: it is wrong, and its diagnostics have been told.
  std::function<std::optional<manifest::pipeline>(const std::string& file)> load;
  std::function<void(const std::string& run_id)> on_change;  // see shared_parts
};

// A pipeline as it is served now. It lives as long as somebody holds it, but not longer than the service.
struct served_pipeline {
  std::string file;
  std::shared_ptr<const manifest::pipeline> pipeline;
  std::shared_ptr<runtime> engine;
};

class service {
 public:
  // Opens the store and all pipelines. Throws plugin::error or engine::failure with one line that says what is wrong.
  explicit service(service_setup setup);
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  // Stops every run where it is and leaves it open.
  ~service();

  // Reads the manifests again. A pipeline whose manifest is wrong stays as it was, and the log says so; runs that
  // are under way end by the manifest that they began with.
  void reload();
  // Does what is due. How long until there is something to do again.
  std::chrono::microseconds tick();
  // Every run stops and stays open; the destructor waits for that.
  void leave();

  // Any thread.
  [[nodiscard]] std::vector<served_pipeline> pipelines() const;
  // Files whose text is not what is served, with the reason. Any thread.
  [[nodiscard]] std::map<std::string, std::string> stale() const;
  // Those that take no runs. Any thread.
  [[nodiscard]] std::vector<backend_standing> backends_away() const { return backends_->all_away(); }
  [[nodiscard]] store::store& store() { return *store_; }
  // Who would wait longer is sent away; 0: nobody. Any thread.
  [[nodiscard]] std::int64_t queue_wait_us() const { return setup_.settings.limits.queue_wait_us; }
  // What this host knows by itself. Any thread.
  [[nodiscard]] host_state state() const;

 private:
  struct served {
    std::string file, fingerprint;
    std::unique_ptr<manifest::pipeline> pipeline;
    std::unique_ptr<secret_store> secrets;
    std::unique_ptr<runtime> engine;
    std::int64_t look_us = 0;  // when to look for tenants that are due
  };
  struct later {
    std::int64_t next_us = 0, wait_us = 0;
  };

  // service_reload.cpp
  [[nodiscard]] std::vector<std::string> files() const;
  [[nodiscard]] std::shared_ptr<served> open(const std::string& file);
  void open_store(const manifest::pipeline& first, const secret_store& secrets);
  void check_store(const manifest::pipeline& pipeline, const secret_store& secrets) const;
  void check_name(const std::string& file, const manifest::pipeline& pipeline) const;
  void reload_one(const std::string& file);
  void keep_old(const std::string& file, const std::string& code, const std::string& why);
  void retire(std::shared_ptr<served> old);

  void look_for_dead();
  void take_over(served& in, const engine::open_run& run);
  void look_for_due(served& in);
  bool start_due(served& in, const engine::due_tenant& tenant);
  void look_for_old();
  void look_at_alerts();
  [[nodiscard]] engine::retention_result retain(const engine::retention_request& request);
  void log_removed(const retention_counts& counts);
  // Runs work that needs the store; when that is away, it says so once and tries again later.
  void with_session(const std::function<void(engine::session&)>& work);
  [[nodiscard]] bool has(const std::string& run_id);
  void event(observe::log_level level, const observe::log_context& about, const char* name,
             const std::string& text);

  service_setup setup_;
  system_random random_;
  std::uint64_t host_;  // this host's own number
  store::store_options where_;
  std::unique_ptr<store::store> store_;
  std::unique_ptr<engine::session> session_;
  bool away_ = false;
  std::optional<system_clock> clock_;
  std::unique_ptr<store::threaded_store> jobs_;
  std::unique_ptr<turn_pool> pool_;
  std::unique_ptr<source_health> health_;
  std::unique_ptr<backend_health> backends_;
  std::unique_ptr<admission> door_;
  plugin_metrics metrics_;
  std::unique_ptr<shared_parts> shared_;
  mutable std::mutex served_mutex_;  // served_ is changed on the service's thread alone
  std::vector<std::shared_ptr<served>> served_;
  std::vector<std::shared_ptr<served>> retired_;
  std::map<std::string, std::string> stale_;  // guarded by served_mutex_
  std::map<std::string, later> refused_;      // runs that could not be taken over, by id
  std::int64_t dead_us_ = 0, old_us_ = 0;
  std::atomic<bool> leaving_ = false;
  std::future<void> retaining_;
  std::unique_ptr<alert_watch> alerts_;
  std::int64_t alerts_us_ = 0;
  std::future<void> watching_;
};

}  // namespace sluice::host
