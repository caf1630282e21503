#include "temporal/activities.hpp"

#include <vector>

namespace sluice::durable {

using how = step_end::how;

void activities::handle(const ws::PollActivityTaskQueueResponse& task) {
  const std::string token = task.task_token();
  step_input in;
  try {
    in = step_input_from(json_of(task.input()));
  } catch (const std::exception& e) {
    return fail(token, {how::gone, std::string("this is no step of a run: ") + e.what()});
  }
  {
    const std::lock_guard lock(mutex_);
    alive_[token] = in.run_id;
    host_.set("activities_under_way", static_cast<double>(alive_.size()));
  }
  host_.add("activities");
  const auto told = [this, token, in](const step_end& end) {
    if (in.step == end_step && end.what == how::ended) ends_.expect(in.run_id);
    // Not on the thread that tells it: that is the engine's.
    callers_.post([this, token, end] {
      forget(token);
      answer(token, end);
    });
  };
  if (in.cancel) return steps_.cancel_and_end(in.run_id, told);
  steps_.run(in.run_id, in.step, told);
}

void activities::answer(const std::string& token, const step_end& end) {
  if (end.what != how::ended) return fail(token, end);
  ws::RespondActivityTaskCompletedRequest request;
  request.set_task_token(token);
  set_json(*request.mutable_result(), step_result(end.text, names_.home()));
  ws::RespondActivityTaskCompletedResponse got;
  // Whoever does it again finds that it is done.
  const durable::answer said = to_.ask("RespondActivityTaskCompleted", request, got);
  if (!said.good()) host_.log(log_level::debug, "the end of a step was not taken: " + said.text);
}

void activities::fail(const std::string& token, const step_end& end) {
  host_.add("activities_failed");
  ws::RespondActivityTaskFailedRequest request;
  request.set_task_token(token);
  auto& f = *request.mutable_failure();
  f.set_message(end.text);
  f.set_source("sluice");
  f.mutable_application_failure_info()->set_type(end.what == how::gone ? "gone" : "elsewhere");
  f.mutable_application_failure_info()->set_non_retryable(end.what == how::gone);
  ws::RespondActivityTaskFailedResponse got;
  const durable::answer said = to_.ask("RespondActivityTaskFailed", request, got);
  if (!said.good()) host_.log(log_level::debug, "that a step is not done here was not taken: " + said.text);
}

void activities::beat() {
  std::vector<std::pair<std::string, std::string>> all;
  {
    const std::lock_guard lock(mutex_);
    all.assign(alive_.begin(), alive_.end());
  }
  for (const auto& [token, run] : all) {
    beats_.post([this, token = token, run = run] { beat_one(token, run); });
  }
}

void activities::beat_one(const std::string& token, const std::string& run_id) {
  {
    const std::lock_guard lock(mutex_);
    if (!alive_.contains(token)) return;
  }
  ws::RecordActivityTaskHeartbeatRequest request;
  request.set_task_token(token);
  ws::RecordActivityTaskHeartbeatResponse got;
  const durable::answer said = to_.ask("RecordActivityTaskHeartbeat", request, got, 1);
  if (said.what == durable::answer::kind::not_found) {
    forget(token);
    end_if_over(run_id);
  } else if (said.good() && got.cancel_requested()) {
    steps_.stop(run_id);  // if it is still this host's
  }
}

void activities::end_if_over(const std::string& run_id) {
  ws::DescribeWorkflowExecutionRequest request;
  request.mutable_execution()->set_workflow_id(run_id);
  ws::DescribeWorkflowExecutionResponse got;
  if (!to_.ask("DescribeWorkflowExecution", request, got, 1).good()) return;
  const auto status = got.workflow_execution_info().status();
  if (status != enums::WORKFLOW_EXECUTION_STATUS_TERMINATED &&
      status != enums::WORKFLOW_EXECUTION_STATUS_FAILED &&
      status != enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT)
    return;
  if (!steps_.has(run_id)) return;  // its end was told before
  host_.log(log_level::warn, "the workflow of run " + run_id +
                                 " was terminated from outside, or failed: the run is cancelled");
  steps_.cancel_and_end(run_id, [](const step_end&) {});
}

void activities::forget(const std::string& token) {
  const std::lock_guard lock(mutex_);
  alive_.erase(token);
  host_.set("activities_under_way", static_cast<double>(alive_.size()));
}

}  // namespace sluice::durable
