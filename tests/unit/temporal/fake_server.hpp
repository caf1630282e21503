// As much of Temporal as the interpreter can see: commands become events, and chance says what becomes of activities,
// tasks and hosts. Everything follows from the seed.
#pragma once

#include <map>
#include <random>
#include <stdexcept>

#include "temporal/decide.hpp"

namespace sluice::durable::test {

struct boundary {
  std::size_t events = 0;         // of the history, when the task was given out
  std::vector<command> recorded;  // what was recorded of the answer to it
};

class fake_server {
 public:
  fake_server(const workflow_input& input, unsigned seed) : chance_(seed) {
    add({0, event_kind::started, {}, {}, to_text(input), 0, false});
  }

  [[nodiscard]] const std::vector<event>& history() const { return history_; }
  [[nodiscard]] const std::vector<boundary>& boundaries() const { return boundaries_; }
  [[nodiscard]] const std::vector<command>& last_words() const { return last_words_; }
  [[nodiscard]] const std::multiset<std::string>& ended() const { return ended_; }

  // Until the workflow is over. Later on, nothing fails any more: then it must come to its end.
  void run() {
    for (int round = 0; last_words_.empty(); ++round) {
      if (round > 300) throw std::runtime_error("it does not come to an end");
      calm_ = round > 40;
      task();
      if (last_words_.empty()) world();
    }
  }

 private:
  bool happens(int percent) { return !calm_ && static_cast<int>(chance_() % 100) < percent; }
  std::string host() { return "host-" + std::to_string(chance_() % 3); }
  std::int64_t add(event e) {
    e.id = static_cast<std::int64_t>(history_.size()) + 1;
    history_.push_back(std::move(e));
    return history_.back().id;
  }

  void task() {
    add({0, event_kind::task_started, happens(30) ? host() : "host-0", {}, {}, 0, false});
    if (happens(10)) {
      add({0, event_kind::task_timed_out, {}, {}, "start_to_close", 0, false});
      return;
    }
    boundary here{history_.size(), {}};
    std::set<std::string> elsewhere;
    std::vector<event> done;  // of this task: recorded with its answer
    for (;;) {
      run_state state = fold(history_);
      for (const event& e : done) state.apply(e);
      const auto commands = decide(state, elsewhere);
      if (!work_inside(commands, elsewhere, done)) {
        answer(commands, done, here);
        break;
      }
    }
    boundaries_.push_back(std::move(here));
  }

  bool work_inside(const std::vector<command>& commands, std::set<std::string>& elsewhere,
                   std::vector<event>& done) {
    bool any = false;
    for (const command& c : commands) {
      if (c.what != command::kind::run_here) continue;
      any = true;
      if (happens(20)) elsewhere.insert(c.step);
      else done.push_back({0, event_kind::step_done, c.step, {}, ended(c.step), 0, false});
    }
    return any;
  }

  void answer(const std::vector<command>& commands, const std::vector<event>& done, boundary& here) {
    for (const event& e : done) {
      here.recorded.push_back({command::kind::run_here, e.name, {}, {}, {}, 0});
      add(e);
    }
    for (const command& c : commands) {
      here.recorded.push_back(c);
      if (c.what == command::kind::schedule) {
        open_[add({0, event_kind::step_scheduled, c.activity, c.queue, {}, 0, false})] = {c.step, c.queue};
      } else if (c.what == command::kind::cancel_step) {
        add({0, event_kind::step_cancel_asked, {}, {}, {}, c.refers, false});
        cancelled_.insert(c.refers);
      } else if (c.what != command::kind::checkpoint && c.what != command::kind::tell_phase) {
        last_words_.push_back(c);
      }
    }
  }

  // Something happens, so that there is a next task.
  void world() {
    if (happens(10)) add({0, event_kind::moved, {}, {}, host(), 0, false});
    if (happens(2)) add({0, event_kind::cancel_asked, {}, {}, {}, 0, false});
    if (open_.empty()) return;
    const auto at = std::next(open_.begin(), static_cast<std::ptrdiff_t>(chance_() % open_.size()));
    const auto [id, what] = *at;
    open_.erase(at);
    if (cancelled_.contains(id) && what.first != end_step) {
      add({0, event_kind::step_cancelled, {}, {}, {}, id, false});
    } else if (!what.second.empty() && happens(30)) {
      add({0, event_kind::step_timed_out, {}, {}, {}, id, false});
    } else if (!what.second.empty() && happens(20)) {
      add({0, event_kind::step_failed, {}, {}, "held elsewhere", id, false});
    } else {
      add({0,
           event_kind::step_completed,
           {},
           what.second.empty() ? host() : what.second,
           ended(what.first),
           id,
           false});
    }
  }

  std::string ended(const std::string& step) {
    ended_.insert(step);
    return step == end_step ? "succeeded" : "ended";
  }

  std::minstd_rand chance_;
  bool calm_ = false;
  std::vector<event> history_;
  std::vector<boundary> boundaries_;
  std::vector<command> last_words_;
  std::map<std::int64_t, std::pair<std::string, std::string>> open_;
  std::set<std::int64_t> cancelled_;
  std::multiset<std::string> ended_;
};

}  // namespace sluice::durable::test
