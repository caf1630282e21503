// What the events of a history say about a run.
#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "temporal/decide.hpp"

namespace sluice::durable {

namespace {

// "STEP" or "STEP/2": the second attempt.
std::string step_of(const std::string& activity) { return activity.substr(0, activity.rfind('/')); }

}  // namespace

void run_state::apply(const event& e) {
  last_ = std::max(last_, e.id);
  switch (e.kind) {
    case event_kind::started:
      input_ = input_from(e.text);
      home_ = input_.home;
      for (const auto& [step, outcome] : input_.done) steps_[step].outcome = outcome;
      return;
    case event_kind::task_started:
      task_of_ = e.name;
      grown_ = e.text == "grown";
      done_here_ = false;
      return;
    case event_kind::task_timed_out: trouble_ = trouble_ || e.text == "start_to_close"; return;
    case event_kind::task_failed: trouble_ = true; return;
    case event_kind::moved: home_ = e.text; return;
    case event_kind::cancel_asked: cancel_asked_ = stopping_ = true; return;
    case event_kind::step_scheduled: {
      const std::string step = step_of(e.name);
      attempts_[e.id] = {step, e.queue};
      progress& p = steps_[step];
      p = {p.attempts + 1, e.id, e.queue, false, p.outcome};
      return;
    }
    case event_kind::step_done:
      end(e.name, e);
      done_here_ = true;
      return;
    case event_kind::step_completed:
    case event_kind::step_failed:
    case event_kind::step_timed_out:
    case event_kind::step_cancelled:
    case event_kind::step_cancel_asked: close(e); return;
    case event_kind::other:
    case event_kind::phase_told:
    case event_kind::went_on:
    case event_kind::completed:
    case event_kind::cancelled: return;
  }
}

void run_state::close(const event& e) {
  const auto at = attempts_.find(e.refers);
  if (at == attempts_.end()) throw std::runtime_error("event " + std::to_string(e.id) + " speaks of no step");
  progress& p = steps_[at->second.step];
  const bool latest = p.open == e.refers;
  if (e.kind == event_kind::step_cancel_asked) {
    p.cancel_asked = p.cancel_asked || latest;
    return;
  }
  if (latest) p.open = 0;
  if (e.kind == event_kind::step_completed) {
    end(at->second.step, e);
    // Who did it has the run. The queue that all share is nobody's.
    if (!e.queue.empty() && latest) home_ = e.queue;
  } else if (e.kind == event_kind::step_failed && e.final && latest) {
    gone_ = e.text;
  } else if (stopping_ && latest && e.kind == event_kind::step_cancelled) {
    p.outcome = outcome_cancelled;
  }
}

void run_state::end(const std::string& step, const event& e) {
  steps_[step].outcome = e.text;
  got_on_ = true;
  if (step != end_step && e.text == outcome_cancelled) stopping_ = true;
}

std::string progress_text(const run_state& state) {
  nlohmann::json steps = nlohmann::json::object();
  for (const input_step& s : state.input_.steps) {
    const auto at = state.steps_.find(s.name);
    const bool known = at != state.steps_.end();
    steps[s.name] = known && !at->second.outcome.empty() ? at->second.outcome
                    : known && at->second.open != 0      ? std::string("under way")
                                                         : std::string("waits");
  }
  return nlohmann::json{{"run_id", state.input_.run_id}, {"home", state.home_}, {"steps", std::move(steps)}}
      .dump();
}

run_state fold(std::span<const event> history) {
  run_state out;
  for (const event& e : history) out.apply(e);
  return out;
}

}  // namespace sluice::durable
