// What the interpreter decided, in the server's words.
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "temporal/convert.hpp"
#include "temporal/labels.hpp"

namespace sluice::durable {

namespace {

using nlohmann::json;
using completed_request = ws::RespondWorkflowTaskCompletedRequest;

// A day is the deadline of a run; whoever does a step longer is dead in a way that nothing has noticed.
constexpr int step_hours = 25;
constexpr int pick_up_seconds = 5;

void schedule(completed_request& out, const command& c, const run_state& state, const circumstances& now) {
  auto& command = *out.add_commands();
  command.set_command_type(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
  auto& a = *command.mutable_schedule_activity_task_command_attributes();
  a.set_activity_id(c.activity);
  a.mutable_activity_type()->set_name(step_type);
  add_summary(*command.mutable_user_metadata(), c.step);
  a.mutable_task_queue()->set_name(c.queue.empty() ? now.names.shared() : c.queue);
  a.mutable_task_queue()->set_kind(enums::TASK_QUEUE_KIND_NORMAL);
  set_json(*a.mutable_input(), to_text(step_input{state.input().run_id, c.step, c.text == word_cancel}));
  a.mutable_start_to_close_timeout()->set_seconds(step_hours * 3600);
  a.mutable_heartbeat_timeout()->set_seconds(now.heartbeat.count());
  auto& retry = *a.mutable_retry_policy();
  retry.mutable_initial_interval()->set_nanos(200'000'000);
  retry.set_backoff_coefficient(2);
  retry.mutable_maximum_interval()->set_seconds(5);
  // A server that can gives it back with its answer: it would come here anyway.
  a.set_request_eager_execution(c.queue == now.names.home());
  if (c.queue.empty()) return;
  // A home that does not take it up is gone or has no place: then it is for all.
  retry.set_maximum_attempts(1);
  a.mutable_schedule_to_start_timeout()->set_seconds(pick_up_seconds);
}

// The server hands nothing of this on by itself.
void continue_as_new(completed_request& out, const command& c, const circumstances& now) {
  auto& command = *out.add_commands();
  command.set_command_type(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  auto& a = *command.mutable_continue_as_new_workflow_execution_command_attributes();
  a.mutable_workflow_type()->set_name(workflow_type);
  a.mutable_task_queue()->set_name(now.names.shared());
  a.mutable_workflow_task_timeout()->set_seconds(task_seconds);
  set_json(*a.mutable_input(), c.text);
  const workflow_input next = input_from(c.text);
  add_memo(*a.mutable_memo(), next);
  if (now.searchable) add_search_attributes(*a.mutable_search_attributes(), next);
}

}  // namespace

void add_marker(completed_request& out, const std::string& step, const std::string& outcome) {
  auto& command = *out.add_commands();
  command.set_command_type(enums::COMMAND_TYPE_RECORD_MARKER);
  auto& a = *command.mutable_record_marker_command_attributes();
  a.set_marker_name("step");
  add_summary(*command.mutable_user_metadata(), step);
  set_json((*a.mutable_details())["step"],
           json{{"step", step}, {"outcome", outcome}, {"interpreter", interpreter_version}}.dump());
}

void add_command(completed_request& out, const command& c, const run_state& state, const circumstances& now) {
  using does = command::kind;
  if (c.what == does::schedule) return schedule(out, c, state, now);
  if (c.what == does::continue_as_new) return continue_as_new(out, c, now);
  if (c.what == does::checkpoint) return out.set_force_create_new_workflow_task(true);
  auto& command = *out.add_commands();
  switch (c.what) {
    case does::cancel_step:
      command.set_command_type(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK);
      command.mutable_request_cancel_activity_task_command_attributes()->set_scheduled_event_id(c.refers);
      return;
    case does::complete:
      command.set_command_type(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION);
      set_json(*command.mutable_complete_workflow_execution_command_attributes()->mutable_result(),
               json{{"state", c.text}}.dump());
      return;
    case does::cancelled:
      command.set_command_type(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION);
      command.mutable_cancel_workflow_execution_command_attributes();
      return;
    case does::fail: {
      command.set_command_type(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION);
      auto& f = *command.mutable_fail_workflow_execution_command_attributes()->mutable_failure();
      f.set_message(c.text);
      f.set_source("sluice");
      f.mutable_application_failure_info()->set_type("gone");
      f.mutable_application_failure_info()->set_non_retryable(true);
      return;
    }
    case does::tell_phase: {
      command.set_command_type(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES);
      auto& a = *command.mutable_modify_workflow_properties_command_attributes();
      add_phase(*a.mutable_upserted_memo(), c.text);
      return;
    }
    default: throw std::runtime_error("a command that no server knows");
  }
}

}  // namespace sluice::durable
