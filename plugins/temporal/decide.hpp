// The one workflow that there is: what follows from the history of a run. Pure: no clock, no threads, no order but that
// of the plan and of the events, so that every host comes to the same answer from the same history.
//
// A step runs in one of three places. Inside of the workflow's task: what is essential, on the host that has the run (its
// `home`), as long as nothing has gone wrong; it costs no way to the server and back. As an activity on the queue of the
// home. As an activity on the queue that all hosts share, when the home did not do it: who gets it takes the run over,
// if the store lets it, and is the home from then on.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "temporal/history.hpp"
#include "temporal/input.hpp"

namespace sluice::durable {

// The end of a run is done like a step: by the host that has it, once, again if that host dies.
inline constexpr std::string_view end_step = "(end)";
// That its steps are stopped first: the host may not know of it.
inline constexpr std::string_view word_cancel = "cancel";
// What a step comes to; of the end it is the run's state.
inline constexpr std::string_view outcome_cancelled = "cancelled";

struct command {
  enum class kind : std::uint8_t {
    run_here,  // step, text: now, inside of this task; what becomes of it is a step_done, or it is asked again without
    schedule,     // step, activity, queue, text
    cancel_step,  // refers
    tell_phase,   // text: what the run is at from now on, for who looks from outside
    checkpoint,   // what was done in this task is to be recorded before more is
    complete,     // text: the run's state
    cancelled,
    fail,             // text: why
    continue_as_new,  // text: the input
  };
  kind what = kind::complete;
  std::string step, activity, queue;
  std::string text;  // of the end of a run that was cancelled from outside: word_cancel
  std::int64_t refers = 0;
  friend bool operator==(const command&, const command&) = default;
};

// What a history comes to. Fed event by event, so that a host that has seen the beginning needs the rest alone.
class run_state {
 public:
  void apply(
      const event& e);  // throws std::runtime_error: the history is not that of a run, or of a newer program
  [[nodiscard]] std::int64_t last_event() const noexcept { return last_; }
  [[nodiscard]] const workflow_input& input() const noexcept { return input_; }

 private:
  friend class decider;
  friend std::string progress_text(const run_state& state);
  struct attempt {
    std::string step, queue;
  };
  struct progress {
    int attempts = 0;
    std::int64_t open = 0;      // the event that scheduled the attempt that is under way
    std::string queue;          // of the last attempt
    bool cancel_asked = false;  // of it
    std::string outcome;        // empty: not over
  };
  void close(const event& e);
  void end(const std::string& step, const event& e);

  workflow_input input_;
  std::map<std::string, progress> steps_;
  std::map<std::int64_t, attempt> attempts_;
  std::string home_, task_of_, gone_;
  std::int64_t last_ = 0;
  bool grown_ = false;      // the server would have the history end soon
  bool got_on_ = false;     // a step has ended since it began
  bool trouble_ = false;    // a task was not answered: nothing runs inside of one again
  bool done_here_ = false;  // something essential was done in the task that is under way
  bool cancel_asked_ = false;
  bool stopping_ = false;
};

// `elsewhere`: steps that are not to be run inside of this task (any more). `most_events`: of a history, then a new one
// is begun.
[[nodiscard]] std::vector<command> decide(const run_state& state, const std::set<std::string>& elsewhere,
                                          std::int64_t most_events = 2'000);
// How far a run is, for people: {"home", "steps": {name: outcome | "under way" | "waits"}}.
[[nodiscard]] std::string progress_text(const run_state& state);
[[nodiscard]] run_state fold(std::span<const event> history);

}  // namespace sluice::durable
