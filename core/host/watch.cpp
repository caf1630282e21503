#include "host/watch.hpp"

#include <optional>
#include <utility>

#include "host/cancel.hpp"

namespace sluice::host {

namespace {

// What of a run can be seen to move.
std::string look_of(const engine::run_row& run) {
  std::string out(engine::to_string(run.state));
  for (const engine::stage_row& s : run.stages) {
    out += '|' + s.stage + std::string(engine::to_string(s.state)) + std::to_string(s.pages) + '/' +
           std::to_string(s.items_done) + '/' + std::to_string(s.items_open);
  }
  return out;
}

class watcher {
 public:
  watcher(const watch_ask& ask, engine::clock_port& clock) : ask_(ask), clock_(clock) {}

  // Nothing: the store is away for now.
  std::optional<engine::run_row> look() {
    try {
      if (session_ == nullptr) session_ = ask_.open();
      engine::run_row run = find_run(*session_, ask_.run_id);
      away_since_us_ = 0;
      return run;
    } catch (const engine::failure& f) {
      session_.reset();
      if (!f.retryable()) throw;
      if (away_since_us_ == 0) away_since_us_ = clock_.steady_us();
      if (clock_.steady_us() - away_since_us_ >= ask_.patience_us) throw;
      return std::nullopt;
    }
  }

  void tell(const engine::run_row& run) {
    std::string now = look_of(run);
    if (now == shown_) return;
    shown_ = std::move(now);
    if (ask_.on_change) ask_.on_change(run);
  }

 private:
  const watch_ask& ask_;
  engine::clock_port& clock_;
  std::unique_ptr<engine::session> session_;
  std::string shown_;
  std::int64_t away_since_us_ = 0;
};

}  // namespace

boost::asio::awaitable<engine::run_row> watch_run(const watch_ask& ask, engine::clock_port& clock,
                                                  engine::stop_source& stop) {
  watcher w(ask, clock);
  engine::run_row last;
  for (;;) {
    if (auto run = w.look()) {
      w.tell(*run);
      last = std::move(*run);
      if (engine::is_terminal(last.state)) co_return last;
    }
    if (stop.stopped()) co_return last;
    co_await clock.sleep(ask.interval_us, stop);
  }
}

}  // namespace sluice::host
