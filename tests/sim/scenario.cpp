#include "scenario.hpp"

#include "cluster.hpp"
#include "final_state.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

constexpr std::int64_t second = 1'000'000, minute = 60 * second;
constexpr std::int64_t longest_recovery_us = 30 * minute;
constexpr int most_steps = 400'000;

class scenario {
 public:
  scenario(std::uint64_t seed, const tell_fn& tell)
      : world_(seed), options_(draw_options(world_, seed)), store_([this] { return world_.now_us(); }) {
    world_.tell = tell;
    store_.migrate();
    std::vector<stream_schema> streams;
    for (const stream_schema* s : directory::streams()) streams.push_back(*s);
    store_.ensure_streams("sim", "1.0.0", streams);
    for (auto& c : all_checkers(scene_)) watch_.push_back(std::move(c));
    hosts_.emplace(surroundings{world_, store_, data_, options_, weather_, scene_, watch_, plans_,
                                [this] { return new_run_id(); }});
  }

  verdict play() {
    script();
    until([this] { return world_.now_us() - world::start_us >= options_.busy_us; }, "the busy time");
    calm();
    recover();
    settle();
    verdict v{scene_.broken, world_.trace(), hosts_->crashes(), hosts_->pauses(), 0, 0, 0, 0, 0, 0};
    v.overlaps = scene_.overlaps;
    v.early_pages = scene_.early_pages;
    v.runs = static_cast<int>(store_.state().runs.size());
    v.store_calls = static_cast<int>(store_.changes());
    for (const auto& [key, lease] : store_.state().leases) v.take_overs += static_cast<int>(lease.epoch);
    v.take_overs -= v.runs;
    v.simulated_s = static_cast<double>(world_.now_us() - world::start_us) / 1e6;
    return v;
  }

 private:
  std::string new_run_id() { return "run-" + std::to_string(++run_ids_); }
  int some_host() { return static_cast<int>(world_.between(0, 1)); }
  // At some time while things happen.
  void sometime(std::function<void()> what) {
    world_.after(world_.between(0, options_.busy_us), std::move(what));
  }

  void script() {
    for (int i = 0; i < options_.runs; ++i) {
      const auto ask = [this] { ask_some(); };
      if (i == 0) world_.after(world_.between(0, 10 * second), ask);
      else sometime(ask);
    }
    for (int i = 0; i < options_.changes; ++i) sometime([this] { data_.change(); });
    for (int i = 0; i < options_.outages; ++i) sometime([this] { fail_a_list(); });
    for (int i = 0; i < options_.cancels; ++i) sometime([this] { cancel_some(); });
    for (int i = 0; i < options_.disk_full; ++i) {
      sometime([this] { weather_.disk_full_until_us = world_.now_us() + world_.between(1, 60) * second; });
    }
    for (int i = 0; i < 3; ++i) sometime([this] { approve_held(); });
  }

  void ask_some() {
    wish w{new_run_id(), "a", "", world_.chance(0.5)};
    if (options_.second_pipeline && world_.chance(0.4)) {
      if (host* h = hosts_->at(some_host())) h->ask({new_run_id(), "b", ""});
    }
    if (options_.second_pipeline && world_.chance(0.4)) w.pipeline = "b";
    else if (options_.subjects && world_.chance(0.4))
      w.scope = "subject:p" + std::to_string(world_.between(0, 5));
    const bool both = world_.chance(0.3);
    for (int i = 0; i < 2; ++i) {
      if (!both && i != some_host()) continue;
      if (host* h = hosts_->at(i)) h->ask(w);
      w.run_id = new_run_id();
    }
  }

  // Another run is soon to see that something has vanished.
  void ask_about(const std::string& person) {
    world_.after(world_.between(0, second), [this, person] {
      wish w{new_run_id(), "b", ""};
      if (!options_.second_pipeline || (options_.subjects && world_.chance(0.5)))
        w.pipeline = "a", w.scope = "subject:" + person;
      if (!w.scope.empty() && !options_.subjects) return;
      if (host* h = hosts_->at(some_host())) h->ask(w);
    });
  }

  void fail_a_list() {
    using c = engine::failure_class;
    static constexpr const char* stages[] = {"people", "groups", "grants", "notes", "members"};
    static constexpr c kinds[] = {c::transient, c::denied, c::invalid, c::not_found};
    weather_.outages[stages[world_.between(0, 4)]] = {kinds[world_.between(0, 3)],
                                                      world_.now_us() + world_.between(1, 120) * second};
  }

  void cancel_some() {
    for (const auto& [id, run] : store_.state().runs) {
      if (engine::is_terminal(run.row.state)) continue;
      if (host* h = hosts_->at(some_host())) h->cancel(id);
      return;
    }
  }

  void approve_held() {
    for (const auto& [id, run] : store_.state().runs) {
      if (run.row.state != engine::run_state::held) continue;
      if (host* h = hosts_->at(some_host())) h->approve(id);
      return;
    }
  }

  [[nodiscard]] bool over() const { return !scene_.broken.empty(); }

  void until(const std::function<bool()>& done, const char* what) {
    while (!over() && !done()) {
      if (!hosts_->step()) scene_.broken = std::string("liveness: nothing moves any more in ") + what;
      if (!hosts_->stuck().empty()) scene_.broken = "liveness: " + hosts_->stuck();
      if (++steps_ > most_steps)
        scene_.broken = std::string("liveness: too busy in ") + what + ": " + progress();
    }
  }

  void calm() {
    weather_ = {};
    weather_.faults = false;
    data_.mend();
    hosts_->calm();
    world_.note("calm");
  }

  [[nodiscard]] int open_runs() const {
    int n = 0;
    for (const auto& [id, run] : store_.state().runs) n += engine::is_terminal(run.row.state) ? 0 : 1;
    return n;
  }

  // Without faults everything that is open ends, and soon.
  void recover() {
    const std::int64_t from = world_.now_us();
    until(
        [&] {
          if (world_.now_us() - from > longest_recovery_us && open_runs() > 0)
            scene_.broken = "liveness: open half an hour after the last fault: " + progress();
          // Requests of before may still be under way, and start another run.
          return open_runs() == 0 && world_.now_us() - from > 3 * minute;
        },
        "recovery");
  }

  [[nodiscard]] std::string progress() const {
    std::string out;
    for (const auto& [id, run] : store_.state().runs) {
      if (!engine::is_terminal(run.row.state))
        out += id + " of " + run.row.pipeline + " " + run.row.scope + "; ";
    }
    for (const auto& [key, s] : store_.state().stages) {
      if (s.state <= engine::stage_state::running)
        out += s.run_id + " " + s.stage + " epoch " + std::to_string(s.epoch) + "; ";
    }
    return out;
  }

  // Full syncs: the first may have to ask whether it may delete; after the second everything is as it should be,
  // and the third writes nothing.
  void settle() {
    for (int round = 0; round < 3 && !over(); ++round) {
      if (round == 1) weather_.retention = false;  // or rows would change without a sync
      if (round == 2) before_last_ = store_.state().rows;
      for (const char* pipeline : {"a", "b"}) {
        if (*pipeline == 'b' && !options_.second_pipeline) continue;
        sync(pipeline);
      }
      if (round >= 1 && !over()) scene_.broken = final_state(store_.state(), data_, options_).difference();
    }
    if (!over() && !same_rows(before_last_, store_.state().rows))
      scene_.broken = "idempotent: a sync that found nothing new has written rows";
  }

  host& some_living_host() {
    host* h = nullptr;
    until([&] { return (h = hosts_->at(some_host())) != nullptr; }, "the start of a host");
    return *h;
  }

  // A whole run without faults. Who looks after open runs may have started one a moment before: then that ends first.
  void sync(const std::string& pipeline) {
    const auto& runs = store_.state().runs;
    wish w{"", pipeline, "", false};
    while (!over() && !runs.contains(w.run_id)) {
      const std::int64_t from = world_.now_us();
      until([&] { return world_.now_us() - from > 5 * second; }, "a rest");
      if (over()) return;
      w.run_id = new_run_id();
      world_.note("sync " + w.run_id);
      some_living_host().ask(w);
      until(
          [&] {
            if (world_.now_us() - from > longest_recovery_us)
              scene_.broken = "liveness: no end of a sync without faults";
            const bool mine = runs.contains(w.run_id);
            return open_runs() == 0 && (mine || world_.now_us() - from > minute);
          },
          "a sync without faults");
    }
    if (over()) return;
    const auto& run = runs.at(w.run_id).row;
    if (run.state == engine::run_state::held) {
      some_living_host().approve(w.run_id);
      until([&] { return run.state != engine::run_state::held; }, "an approval");
    }
    if (run.state == engine::run_state::failed)
      scene_.broken = "liveness: a sync without faults has failed: " + run.error;
  }

  world world_;
  options options_;
  testing::memory_store store_;
  directory data_{world_, options_};
  weather weather_;
  std::map<std::string, engine::run_plan> plans_;
  checkers watch_;
  scene scene_{options_,
               store_.state(),
               data_,
               plans_,
               [this] { return world_.now_us(); },
               [this](const engine::holder& h) { return hosts_ && hosts_->alive(h); },
               [this](const std::string& person) { ask_about(person); },
               {},
               0,
               0};
  std::optional<cluster> hosts_;
  std::map<std::string, stored_rows> before_last_;
  int run_ids_ = 0, steps_ = 0;
};

}  // namespace

verdict play(std::uint64_t seed, const tell_fn& tell) {
  try {
    return scenario(seed, tell).play();
  } catch (const std::exception& e) {
    return {std::string("unexpected: ") + e.what()};
  }
}

std::string describe(std::uint64_t seed) {
  world w(seed);
  return to_text(draw_options(w, seed));
}

}  // namespace sluice::sim
