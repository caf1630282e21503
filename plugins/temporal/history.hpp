// The events of a workflow as the interpreter sees them: what is known of a run, and nothing else. They come from the
// server's history; what the interpreter has no use for is `other`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::durable {

enum class event_kind : std::uint8_t {
  other,
  started,         // text: the input
  task_started,    // name: who has the task; text: "grown" when the server would have the history end soon
  task_timed_out,  // text: "start_to_close" when the one who had it did not answer
  task_failed,
  step_done,          // a marker. name: the step; text: the outcome. It ran inside of a task
  step_scheduled,     // name: the activity; queue: empty is the one that all hosts share
  step_completed,     // refers; text: the outcome
  step_failed,        // refers; text: why; final: no attempt can succeed
  step_timed_out,     // refers
  step_cancelled,     // refers
  step_cancel_asked,  // refers
  moved,              // a signal. text: the queue of the host that has the run now
  cancel_asked,
  // What follows from an answer alone, and changes nothing: for who compares answers with what they left behind.
  phase_told,  // text: the phase
  went_on,     // in a new workflow. text: its input
  completed,   // text: the run's state
  cancelled,
};

struct event {
  std::int64_t id = 0;
  event_kind kind = event_kind::other;
  std::string name, queue, text;
  std::int64_t refers = 0;  // the event that scheduled it
  bool final = false;
};

// One line of JSON for an event and back. Throws std::runtime_error for what is none. For tests, and for people.
[[nodiscard]] std::string to_line(const event& e);
[[nodiscard]] event from_line(std::string_view line);
[[nodiscard]] std::vector<event> read_history(
    std::string_view lines);  // empty lines and those with # are passed over

}  // namespace sluice::durable
