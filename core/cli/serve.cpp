// `sluice serve`: the host as a service. Signals are taken on this thread alone; the work is host/service.hpp, and
// server/server.hpp what others ask of it.
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "cli/notify.hpp"
#include "engine/failure.hpp"
#include "host/service.hpp"
#include "server/server.hpp"

namespace sluice::cli {

namespace {

constexpr int stop_seconds = 25;  // systemd and its like wait 30 or more

// Blocked in every thread that is started from here on: only those who ask get a signal.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

// The signal that came, or 0 when the time is over.
int wait_for_signal(const sigset_t& set, std::chrono::microseconds at_most) {
  timespec time{};
  time.tv_sec = at_most.count() / 1'000'000;
  time.tv_nsec = at_most.count() % 1'000'000 * 1'000;
  const int got = sigtimedwait(&set, nullptr, &time);
  return got > 0 ? got : 0;
}

// Everything that is committed is safe and every run stays open, so leaving without ceremony harms nothing: when a second
// signal asks for it, or when something doesn't come to its end.
void leave_anyway(sigset_t set, observe::logger& log) {
  std::thread([set, &log] {
    int got = 0;
    for (int left = stop_seconds; left > 0 && got != SIGTERM && got != SIGINT; left -= got == 0 ? 1 : 0) {
      got = wait_for_signal(set, std::chrono::seconds(1));
    }
    log.write(observe::log_level::warn, {},
              got == 0 ? "not everything came to its end in time; leaving all the same" : "leaving at once",
              {{"event", "serve.left"}});
    _exit(exit_code::good);
  }).detach();
}

// A signal while everything is being opened: nothing has begun, so there is nothing to wait for.
class while_starting {
 public:
  while_starting()
      : watcher_([this] {
          sigset_t ends;
          sigemptyset(&ends);
          sigaddset(&ends, SIGTERM);
          sigaddset(&ends, SIGINT);
          while (!over_) {
            if (wait_for_signal(ends, std::chrono::milliseconds(100)) != 0) _exit(exit_code::good);
          }
        }) {}
  while_starting(const while_starting&) = delete;
  while_starting& operator=(const while_starting&) = delete;
  ~while_starting() {
    over_ = true;
    watcher_.join();
  }

 private:
  std::atomic<bool> over_ = false;
  std::thread watcher_;
};

// Asks the thread that has the service to read the manifests again, and waits until it has.
class reload_bell {
 public:
  // On any other thread. Throws engine::failure once the host is about to end.
  void ring() {
    std::future<void> done;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) throw stopping();
      done = waiting_.emplace_back().get_future();
    }
    pthread_kill(owner_, SIGUSR1);
    done.get();
  }
  // On the service's thread.
  void answer(const std::function<void()>& reload) {
    auto all = take(false);
    if (!all.empty()) reload();
    for (auto& a : all) a.set_value();
  }
  void close() {
    for (auto& a : take(true)) a.set_exception(std::make_exception_ptr(stopping()));
  }

 private:
  static engine::failure stopping() {
    return {engine::failure_class::transient, "SLU-7108", "this host is about to end", 2'000'000};
  }
  std::vector<std::promise<void>> take(bool last) {
    const std::lock_guard lock(mutex_);
    closed_ = closed_ || last;
    return std::exchange(waiting_, {});
  }

  pthread_t owner_ = pthread_self();
  std::mutex mutex_;
  std::vector<std::promise<void>> waiting_;
  bool closed_ = false;
};

std::unique_ptr<host::service> open_service(app& a, plugin::loader& loader,
                                            const std::vector<std::string>& manifests,
                                            server::change_relay& changes) {
  const while_starting guard;
  const auto load = [&a](const std::string& file) { return a.load(file); };
  return std::make_unique<host::service>(
      host::service_setup{a.settings(), a.catalog(), loader, a.log(), a.redactor(), manifests, load,
                          [&changes](const std::string& run_id) { changes(run_id); }});
}

// Null: the host file doesn't say where.
std::unique_ptr<server::http_server> open_server(app& a, host::service& service,
                                                 server::change_relay& changes, reload_bell& bell) {
  const host::listen_settings& listen = a.settings().listen;
  if (!listen.anywhere()) return nullptr;
  auto out = std::make_unique<server::http_server>(
      server::server_setup{service, listen, a.log(), a.redactor(), changes, a.catalog(),
                           server::tokens_beside(a.options().config), [&bell] { bell.ring(); }});
  out->start();
  return out;
}

int end(app& a, const sigset_t& signals, std::unique_ptr<server::http_server> http,
        std::unique_ptr<host::service> service) {
  constexpr auto answers_take = std::chrono::seconds(10);
  a.log().write(observe::log_level::info, {}, "stopping; open runs stay open for another process",
                {{"event", "serve.stopping"}});
  tell_manager("STOPPING=1");
  leave_anyway(signals, a.log());
  if (http) http->drain(answers_take);
  http.reset();
  service.reset();
  a.log().write(observe::log_level::info, {}, "stopped", {{"event", "serve.stopped"}});
  // Past destructors of what the thread above still looks at.
  _exit(exit_code::good);
}

int serve(app& a, const std::vector<std::string>& manifests) {
  const sigset_t signals = block_signals();
  // Its log is what it has to say, on a terminal too.
  if (a.options().log_level.empty() && a.options().config.empty())
    a.log().set_level(observe::log_level::info);
  plugin::loader loader(a.catalog(), a.lock());
  server::change_relay changes;
  std::unique_ptr<host::service> service;
  if (!a.settings().listen.address.empty()) static_cast<void>(server::listening_address(a.settings().listen));
  try {
    service = open_service(a, loader, manifests, changes);
  } catch (const plugin::error& e) {
    if (e.code() != "SLU-6064") throw;
    a.say(observe::log_level::error, {.code = e.code()}, e.message());  // its diagnostics are the answer
    return exit_code::bad_manifest;
  }
  reload_bell bell;
  auto http = open_server(a, *service, changes, bell);
  const auto reload = [&] {
    service->reload();
    if (http) http->reload();
  };
  if (!tell_manager("READY=1")) {
    a.log().write(observe::log_level::warn, {}, "the service manager can't be told that the host is ready",
                  {{"event", "serve.not_told"}});
  }
  for (;;) {
    tell_manager("WATCHDOG=1");  // who does not come round any more is started anew
    const int got = wait_for_signal(signals, service->tick());
    if (got == SIGHUP) reload();
    bell.answer(reload);
    if (got == SIGTERM || got == SIGINT) break;
  }
  bell.close();
  return end(a, signals, std::move(http), std::move(service));
}

}  // namespace

void add_serve(CLI::App& cli, common_options& options, int& result) {
  const auto manifests = std::make_shared<std::vector<std::string>>();
  CLI::App* c = cli.add_subcommand("serve",
                                   "Serve pipelines: sync tenants again by `every`, take over runs whose "
                                   "host is gone, remove what is old");
  c->add_option("PIPELINE", *manifests, "Manifests; without, those of the host file's `manifests` folder");
  c->callback([&options, &result, manifests] {
    result = guarded(options, [&](app& a) { return serve(a, *manifests); });
  });
}

}  // namespace sluice::cli
