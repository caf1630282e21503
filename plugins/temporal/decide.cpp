// What is to be done next, from what a history comes to.
#include <algorithm>
#include <stdexcept>

#include "temporal/decide.hpp"

namespace sluice::durable {

using kind = command::kind;

class decider {
 public:
  decider(const run_state& state, const std::set<std::string>& elsewhere)
      : s_(state), elsewhere_(elsewhere) {}

  std::vector<command> answer(std::int64_t most_events) {
    if (s_.input_.run_id.empty())
      throw std::runtime_error("the history does not begin with the start of a run");
    if (!s_.gone_.empty()) return {{kind::fail, {}, {}, {}, s_.gone_, 0}};
    const std::string end = outcome_of(std::string(end_step));
    if (!end.empty()) return {ending(end)};
    if (is_long(most_events)) return {{kind::continue_as_new, {}, {}, {}, handed_on(), 0}};
    for (const input_step& step : s_.input_.steps) consider(step);
    if (over()) consider({std::string(end_step), true, {}});
    if (begins_with_background()) out_.insert(out_.begin(), {kind::tell_phase, {}, {}, {}, "background", 0});
    return std::move(out_);
  }

 private:
  using progress = run_state::progress;

  [[nodiscard]] const progress& of(const std::string& step) const {
    static const progress nothing;
    const auto at = s_.steps_.find(step);
    return at == s_.steps_.end() ? nothing : at->second;
  }
  [[nodiscard]] std::string outcome_of(const std::string& step) const { return of(step).outcome; }

  [[nodiscard]] command ending(const std::string& state) const {
    if (s_.cancel_asked_ && state == outcome_cancelled) return {kind::cancelled, {}, {}, {}, {}, 0};
    return {kind::complete, {}, {}, {}, state, 0};
  }

  [[nodiscard]] std::string handed_on() const {
    workflow_input next = s_.input_;
    next.home = s_.home_;
    for (const auto& [step, p] : s_.steps_) {
      if (!p.outcome.empty()) next.done[step] = p.outcome;
    }
    return to_text(next);
  }

  // What stops is over soon, and a new one would not know of it. A server that finds every history long is followed
  // when something was done: else a new one would follow on a new one for ever.
  [[nodiscard]] bool is_long(std::int64_t most_events) const {
    return !s_.stopping_ && (s_.last_ >= most_events || (s_.grown_ && s_.got_on_));
  }

  [[nodiscard]] bool begins_with_background() const {
    const auto untouched = [this](const input_step& step) {
      return step.essential || (of(step.name).attempts == 0 && outcome_of(step.name).empty());
    };
    const auto begun = [this](const input_step& step) {
      const auto is_it = [&](const command& c) { return c.what == kind::schedule && c.step == step.name; };
      return !step.essential && std::any_of(out_.begin(), out_.end(), is_it);
    };
    const auto& steps = s_.input_.steps;
    return phase_of(s_.input_) == "essential" && std::all_of(steps.begin(), steps.end(), untouched) &&
           std::any_of(steps.begin(), steps.end(), begun);
  }

  // Of a run that stops, what never began does not begin.
  [[nodiscard]] bool over() const {
    return std::all_of(s_.input_.steps.begin(), s_.input_.steps.end(), [this](const input_step& step) {
      const progress& p = of(step.name);
      return !p.outcome.empty() || (s_.stopping_ && p.open == 0);
    });
  }

  void consider(const input_step& step) {
    const progress& p = of(step.name);
    const bool end = step.name == end_step;
    if (!p.outcome.empty()) return;
    if (p.open != 0) return look_after(step.name, p);
    if (!end && s_.stopping_) return;
    const bool ready = std::all_of(step.after.begin(), step.after.end(),
                                   [this](const std::string& name) { return !outcome_of(name).empty(); });
    if (ready) begin(step, p);
  }

  void begin(const input_step& step, const progress& p) {
    const bool here = step.essential && p.attempts == 0 && !s_.trouble_ && s_.task_of_ == s_.home_ &&
                      !elsewhere_.contains(step.name);
    if (!here) return schedule(step.name, p);
    if (step.name == end_step && s_.done_here_) {
      out_.push_back({kind::checkpoint, {}, {}, {}, {}, 0});
    } else {
      out_.push_back({kind::run_here, step.name, {}, {}, word_for(step.name), 0});
    }
  }

  [[nodiscard]] std::string word_for(const std::string& step) const {
    const bool all = std::all_of(s_.input_.steps.begin(), s_.input_.steps.end(),
                                 [this](const input_step& s) { return outcome_of(s.name) == "ended"; });
    return step == end_step && s_.cancel_asked_ && !all ? std::string(word_cancel) : std::string();
  }

  // Each home is asked once; what it did not do is for all.
  void schedule(const std::string& step, const progress& p) {
    const bool asked = p.attempts > 0 && (p.queue.empty() || p.queue == s_.home_);
    const std::string number = p.attempts == 0 ? "" : "/" + std::to_string(p.attempts + 1);
    out_.push_back({kind::schedule, step, step + number, asked ? "" : s_.home_, word_for(step), 0});
  }

  void look_after(const std::string& step, const progress& p) {
    const bool left_behind = !p.queue.empty() && p.queue != s_.home_;
    // The end of a run that stops is not stopped.
    const bool stop = s_.stopping_ && step != end_step;
    if (!p.cancel_asked && (stop || left_behind))
      out_.push_back({kind::cancel_step, step, {}, {}, {}, p.open});
    if (left_behind && !stop) schedule(step, p);
  }

  const run_state& s_;
  const std::set<std::string>& elsewhere_;
  std::vector<command> out_;
};

std::vector<command> decide(const run_state& state, const std::set<std::string>& elsewhere,
                            std::int64_t most_events) {
  return decider(state, elsewhere).answer(most_events);
}

}  // namespace sluice::durable
