// What the routes do: requests in, answers out. All on the one thread of the server's context; what blocks is asked
// at the desk.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/service.hpp"
#include "server/desk.hpp"
#include "server/problem.hpp"
#include "server/routes.hpp"
#include "server/run_signals.hpp"
#include "server/store_probe.hpp"
#include "server/tokens.hpp"
#include "server/wrong_tokens.hpp"
#include "store/session_pool.hpp"

namespace sluice::server {

struct api_setup {
  host::service& service;
  observe::logger& log;
  const observe::redactor& redactor;
  run_signals& signals;
  boost::asio::io_context& context;
  const plugin::catalog& catalog;
  std::filesystem::path tokens;  // where they stand
  std::function<void()> reload;  // reads the manifests again, and returns when that is done
  std::function<void(host::host_state&)> add_facts;  // what the server itself knows of the host
  const host::listen_settings& listen;
};

class api {
 public:
  explicit api(api_setup setup);

  // Its route, and that the caller may take it: before its body is read. Throws refusal.
  [[nodiscard]] const route& admit(request& r);
  // Never throws: what goes wrong becomes an answer and is logged, once.
  boost::asio::awaitable<answer> carry_out(const route& at, const request& r);
  // The answer to a request that could not be carried out; logs why where that is the host's affair.
  [[nodiscard]] answer refuse(const request& r, const refusal& why);
  // Somebody was sent away: for /metrics.
  void count_refused(const std::string& code) { ++refused_[code]; }
  // From now on nothing new is begun, and whoever waits is answered. On the context's thread.
  void leave();
  // Until no question is at work any more. Nothing may be asked afterwards.
  void join() { desk_.join(); }

  // The handlers that the table names. api_host.cpp
  boost::asio::awaitable<answer> livez(const call& c);
  boost::asio::awaitable<answer> readyz(const call& c);
  boost::asio::awaitable<answer> describe(const call& c);
  boost::asio::awaitable<answer> dashboard(const call& c);
  boost::asio::awaitable<answer> dashboard_file(const call& c);
  // api_runs.cpp
  boost::asio::awaitable<answer> list_runs(const call& c);
  boost::asio::awaitable<answer> show_run(const call& c);
  boost::asio::awaitable<answer> cancel_run(const call& c);
  boost::asio::awaitable<answer> retry_run(const call& c);
  boost::asio::awaitable<answer> approve_run(const call& c);
  // api_events.cpp
  boost::asio::awaitable<answer> run_events(const call& c);
  // api_lists.cpp
  boost::asio::awaitable<answer> list_rejects(const call& c);
  boost::asio::awaitable<answer> list_deferred(const call& c);
  boost::asio::awaitable<answer> list_tenants(const call& c);
  boost::asio::awaitable<answer> list_plugins(const call& c);
  boost::asio::awaitable<answer> show_routing(const call& c);
  boost::asio::awaitable<answer> show_advice(const call& c);
  // api_metrics.cpp
  boost::asio::awaitable<answer> show_metrics(const call& c);
  boost::asio::awaitable<answer> show_health(const call& c);
  boost::asio::awaitable<answer> expose(const call& c);
  // api_manifest.cpp
  boost::asio::awaitable<answer> check_manifests(const call& c);
  boost::asio::awaitable<answer> reload_manifests(const call& c);
  // api_start.cpp
  boost::asio::awaitable<answer> start_run(const call& c);

 private:
  struct event_stream;
  [[nodiscard]] const route& find_route(const request& r) const;
  // api_access.cpp
  void authorize(const route& at, request& r);
  [[nodiscard]] std::optional<token_entry> known_caller(const request& r);
  [[noreturn]] void refuse_unknown(const request& r);
  boost::asio::awaitable<void> keep_to_own(const route& at, call& c);
  [[nodiscard]] call take_apart(const route& at, const request& r) const;
  [[nodiscard]] host::served_pipeline pipeline_named(const std::string& name) const;
  [[nodiscard]] host::host_state state_of_host() const;
  [[nodiscard]] nlohmann::json firing_alerts(engine::session& s) const;
  [[nodiscard]] nlohmann::json advice_by_now(engine::session& s);
  // Throws failure (SLU-7105) when an answer that begins something would take too long: at once, by no thread but this.
  void check_desk(const std::string& tenant, std::int64_t patience_us = 0);
  // Asks the store, after those who have been let in and only wait for their answer.
  boost::asio::awaitable<desk::reply> look(std::string tenant, std::string same_as,
                                           std::function<nlohmann::json(engine::session&)> what,
                                           desk::errand why = desk::errand::look);
  boost::asio::awaitable<desk::reply> receipt_of(std::string run_id);
  boost::asio::awaitable<desk::reply> run_there_is(const call& c);
  boost::asio::awaitable<std::string> next_events(std::shared_ptr<event_stream> s);
  boost::asio::awaitable<bool> is_over_elsewhere(std::string run_id);
  boost::asio::awaitable<bool> wait_for_essential(host::served_pipeline at, std::vector<std::string> run_ids,
                                                  run_signals::clock::time_point until);

  api_setup setup_;
  store::session_pool sessions_;
  store_probe store_;
  token_file tokens_;
  wrong_tokens wrong_;
  host::system_random random_;
  host::system_clock clock_{0};  // for how long things take
  std::mutex advice_mutex_;
  nlohmann::json advice_ = nlohmann::json::array();
  std::int64_t advice_us_ = 0;  // when it was made; 0: never
  desk desk_;                   // last: its threads use the rest
  bool leaving_ = false;
  std::map<std::string, std::uint64_t> refused_;  // by code
};

// Of `Prefer: wait=N`: seconds, at most 60; 0 without.
[[nodiscard]] std::chrono::seconds wanted_wait(const std::string& prefer);

}  // namespace sluice::server
