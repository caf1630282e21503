#include "scenario.hpp"

#include <algorithm>
#include <set>

#include "host.hpp"
#include "support/memory_store.hpp"

namespace sluice::sim {

namespace {

constexpr int most_crashes = 25;
constexpr std::int64_t longest_leave_us = 60'000'000;
constexpr std::int64_t longest_us = 24LL * 3'600'000'000;

std::string key_of(const std::map<std::string, std::string>& row) {
  const auto kind = row.find("kind");
  return (kind == row.end() ? "" : kind->second + "\x1f") + row.at("external_id");
}

class scenario {
 public:
  explicit scenario(std::uint64_t seed) : world_(seed), store_([this] { return world_.now_us(); }) {
    store_.migrate();
    std::vector<stream_schema> streams;
    for (const stream_schema* s : upstream::streams()) streams.push_back(*s);
    store_.ensure_streams("sim", "1.0.0", streams);
    looking_ = store_.open_session();
    draw();
  }

  verdict play() {
    while (!state_ && broken_.empty()) life_of_a_host();
    if (broken_.empty()) check_outcome();
    return {broken_, world_.trace(), crashes_, calls_,
            static_cast<double>(world_.now_us() - began_us_) / 1e6};
  }

 private:
  // Swarm: each seed turns on some faults, at rates of its own, so that rare orders become common.
  void draw() {
    const auto rate = [this](double most) {
      return world_.chance(0.5) ? 0.0 : most * static_cast<double>(world_.between(1, 100)) / 100;
    };
    setup_.shape = {static_cast<int>(world_.between(1, 60)), static_cast<int>(world_.between(0, 6)), 0,
                    static_cast<int>(world_.between(1, 20)), static_cast<int>(world_.between(0, 3))};
    setup_.upstream = {rate(0.2), rate(0.1), rate(0.05), rate(0.2)};
    setup_.store = {rate(0.1), rate(0.1), world_.between(1'000, 200'000)};
    setup_.options.batch.rows = world_.between(1, 60);
    setup_.options.active_items = static_cast<int>(world_.between(1, 8));
    setup_.options.step_pages = static_cast<int>(world_.between(1, 40));
    setup_.options.resolve_rows = static_cast<int>(world_.between(1, 20));
    setup_.options.batch.store_retry.attempts = 1'000'000;
    crash_rate_ = world_.chance(0.3) ? 0 : world_.between(20, 600);
    setup_.plan = upstream::plan(setup_.shape);
    setup_.request.run_id = "run-1";
    setup_.request.tenant = "acme";
    setup_.request.pipeline = "sim";
    setup_.request.correlation_id = "sync-acme-1-00000001";
    setup_.request.backend = "sim";
    setup_.request.plan = "{\"steps\":[]}";
    setup_.watch = [this](const char* call) { check_step(call); };
  }

  void life_of_a_host() {
    setup_.request.by = {"sim", "boot-1", ++hosts_, hosts_};
    setup_.dead = [this](const engine::holder& h) { return h.pid != hosts_; };
    const auto session = store_.open_session();
    host h(world_, *session, setup_);
    std::int64_t handlers =
        crash_rate_ == 0 || crashes_ >= most_crashes ? INT64_MAX : world_.between(1, crash_rate_);
    while (!h.state() && broken_.empty()) {
      if (h.step()) {
        if (--handlers > 0) continue;
        ++crashes_;
        world_.note(0xC0FFEE);
        if (world_.chance(0.3)) leave(h);
        break;
      }
      if (!world_.advance()) broken_ = "nothing moves any more: a coroutine waits for what never comes";
      if (world_.now_us() - began_us_ > longest_us) broken_ = "no end after a day: " + progress();
    }
    state_ = h.state();
    gone_.insert(h.gone().begin(), h.gone().end());
  }

  // Every coroutine of a host that is shut down must end by itself, soon.
  void leave(host& h) {
    const std::int64_t asked_us = world_.now_us();
    h.leave();
    while (broken_.empty()) {
      if (h.step()) continue;
      if (h.ended()) return;
      if (!world_.advance() || world_.now_us() - asked_us > longest_leave_us) {
        broken_ = "a host that was asked to leave never ends: " + progress();
      }
    }
  }

  // Where the run stands, for a verdict that it stands still.
  [[nodiscard]] std::string progress() {
    const auto run = looking_->show_run("run-1");
    if (!run) return "the run was never started";
    std::string out(engine::to_string(run->state));
    for (const engine::stage_row& s : run->stages) {
      out += "; " + s.stage + " " + std::string(engine::to_string(s.state)) + " epoch " +
             std::to_string(s.epoch) + ", " + std::to_string(s.pages) + " pages, " +
             std::to_string(s.items_open) + " items open";
    }
    return out + "; " + std::to_string(crashes_) + " crashes, " + std::to_string(calls_) + " calls";
  }

  void check_step(const char* call) {
    ++calls_;
    const auto run = looking_->show_run("run-1");
    if (!run || !broken_.empty()) return;
    std::map<std::string, std::int64_t> written;
    bool essential_open = false, background_began = false;
    for (const engine::stage_row& s : run->stages) {
      if (!s.records.balances())
        broken_ = "after " + std::string(call) + ": records of " + s.stage + " don't add up";
      for (const auto& [stream, counts] : s.streams) {
        if (!counts.balances())
          broken_ = "after " + std::string(call) + ": rows of " + s.stage + " don't add up";
        written[stream] += counts.inserted + counts.resolved_inserted;
      }
      const bool essential = s.phase == engine::phase::essential;
      essential_open = essential_open || (essential && s.state <= engine::stage_state::running);
      background_began = background_began || (!essential && s.pages > 0);
    }
    if (essential_open && background_began) broken_ = "background was written before essential had ended";
    for (const stream_schema* s : upstream::streams()) {
      if (store_.live_rows(s->name) != written[s->name]) {
        broken_ = "after " + std::string(call) + ": " + s->name + " holds " +
                  std::to_string(store_.live_rows(s->name)) + " rows, the ledger says " +
                  std::to_string(written[s->name]);
      }
    }
  }

  [[nodiscard]] std::set<std::string> stored(const std::string& stream) const {
    std::set<std::string> out;
    for (const auto& row : store_.rows_of(stream)) {
      if (row.at("deleted") == "false") out.insert(key_of(row));
    }
    return out;
  }

  void check_outcome() {
    for (const stream_schema* s : upstream::streams()) {
      const std::set<std::string> have = stored(s->name);
      const auto least = upstream::expected(s->name, setup_.shape, gone_);
      const auto most = upstream::expected(s->name, setup_.shape, {});
      if (!std::includes(have.begin(), have.end(), least.begin(), least.end()))
        broken_ = s->name + ": rows are lost";
      if (!std::includes(most.begin(), most.end(), have.begin(), have.end())) {
        broken_ = s->name + ": rows that the upstream never had";
      }
    }
    const auto deferred = looking_->list_deferred("acme", 1000).size();
    if (deferred != static_cast<std::size_t>(setup_.shape.orphans)) {
      broken_ = std::to_string(deferred) + " rows are deferred, not " + std::to_string(setup_.shape.orphans);
    }
    const auto wanted = setup_.shape.orphans > 0 ? engine::run_state::partial : engine::run_state::succeeded;
    if (*state_ != wanted) {
      const auto run = looking_->show_run("run-1");
      broken_ = "the run ended as " + std::string(engine::to_string(*state_)) + ": " + run->error;
      for (const auto& s : run->stages) broken_ += s.error.empty() ? "" : "; " + s.stage + ": " + s.error;
    }
  }

  world world_;
  testing::memory_store store_;
  std::unique_ptr<engine::session> looking_;
  host_setup setup_;
  std::int64_t crash_rate_ = 0, began_us_ = world_.now_us();
  std::optional<engine::run_state> state_;
  std::set<std::string> gone_;
  std::string broken_;
  int hosts_ = 0, crashes_ = 0, calls_ = 0;
};

}  // namespace

verdict play(std::uint64_t seed) { return scenario(seed).play(); }

}  // namespace sluice::sim
