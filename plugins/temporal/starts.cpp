// How the worker brings runs to the cluster, and what it does when their workflows end without it.
#include <nlohmann/json.hpp>

#include "temporal/codes.hpp"
#include "temporal/worker.hpp"

namespace sluice::durable {

using kind = answer::kind;

namespace {

const char* code_of(const answer& a) {
  if (a.what == kind::limited) return codes::limited;
  return a.retryable() ? codes::unreachable : codes::refused;
}

}  // namespace

void worker::start(const std::string& run_id, const std::string& plan_json) {
  static_cast<void>(input_of(plan_json, names_.home()));  // what is none is said at once
  poll();
  {
    const std::lock_guard lock(mutex_);
    runs_[run_id] = {plan_json, false, true, 0, {}};
  }
  callers_.post([this, run_id] { begin(run_id); });
}

void worker::cancel(const std::string& run_id) {
  {
    // One that the cluster has never heard of is no business of its any more.
    const std::lock_guard lock(mutex_);
    if (const auto at = runs_.find(run_id); at != runs_.end() && !at->second.started) runs_.erase(at);
  }
  // The host stops the steps; this is for those who look from outside.
  callers_.post([this, run_id] {
    ws::RequestCancelWorkflowExecutionRequest request;
    request.mutable_workflow_execution()->set_workflow_id(run_id);
    request.set_reason("cancelled in sluice");
    ws::RequestCancelWorkflowExecutionResponse got;
    static_cast<void>(to_.ask("RequestCancelWorkflowExecution", request, got, 2));  // it may be over already
  });
}

void worker::begin(const std::string& run_id) {
  std::string plan;
  {
    const std::lock_guard lock(mutex_);
    const auto at = runs_.find(run_id);
    if (at == runs_.end()) return;
    plan = at->second.plan;
  }
  answer said = ask_to_start(run_id, plan);
  // It was begun by another host, or by a question of ours whose answer was lost: the run is here now.
  if (said.what == kind::exists) said = tell_moved(run_id);
  started(run_id, said);
}

answer worker::ask_to_start(const std::string& run_id, const std::string& plan_json) {
  const workflow_input input = input_of(plan_json, names_.home());
  ws::StartWorkflowExecutionRequest request;
  request.set_workflow_id(run_id);
  request.set_request_id(run_id + names_.home());
  request.mutable_workflow_type()->set_name(workflow_type);
  to_.set_queue(*request.mutable_task_queue(), names_.shared(), false);
  set_json(*request.mutable_input(), to_text(input));
  request.mutable_workflow_task_timeout()->set_seconds(task_seconds);
  request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
  request.set_request_eager_execution(true);
  introduced_.wait_for(std::chrono::seconds(1));
  add_summary(*request.mutable_user_metadata(), input.pipeline + " of " + input.tenant);
  add_memo(*request.mutable_memo(), input);
  if (to_.searchable()) add_search_attributes(*request.mutable_search_attributes(), input);
  ws::StartWorkflowExecutionResponse got;
  answer said = to_.ask("StartWorkflowExecution", request, got, 1);
  if (said.what == kind::refused && to_.searchable()) {
    // They may have been removed since: a run does without.
    to_.searchable(false);
    request.clear_search_attributes();
    said = to_.ask("StartWorkflowExecution", request, got, 1);
  }
  if (said.good() && !got.eager_workflow_task().task_token().empty()) {
    started(run_id, said);
    tasks_.handle(std::move(*got.mutable_eager_workflow_task()));
  }
  return said;
}

answer worker::tell_moved(const std::string& run_id) {
  ws::SignalWorkflowExecutionRequest request;
  request.mutable_workflow_execution()->set_workflow_id(run_id);
  request.set_signal_name(moved_signal);
  set_json(*request.mutable_input(), nlohmann::json{{"home", names_.home()}}.dump());
  ws::SignalWorkflowExecutionResponse got;
  answer said = to_.ask("SignalWorkflowExecution", request, got, 1);
  // It was over before the signal came: then the next question starts it anew.
  if (said.what == kind::not_found) said.what = kind::again;
  return said;
}

void worker::started(const std::string& run_id, const answer& said) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = runs_.find(run_id);
    if (at == runs_.end() || at->second.started) return;
    known& run = at->second;
    run.busy = false;
    run.started = said.good();
    host_.add(run.started ? "workflows_started" : "workflow_starts_failed");
    if (run.started) return;
    first = run.failures++ == 0;
    run.next = std::chrono::steady_clock::now() + to_.backoff(run.failures, said);
  }
  if (!first || said.what == kind::stopped) return;
  host_.log(log_level::warn,
            "run " + run_id + " waits for Temporal: " + said.text + "; it is asked again until it answers",
            codes::as_field(code_of(said)));
}

// Nobody has to look how it is.
void worker::over(const std::string& run_id) {
  const std::lock_guard lock(mutex_);
  runs_.erase(run_id);
}

void worker::look_after() {
  std::vector<std::string> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, run] : runs_) {
      if (run.started) all.push_back(id);
    }
  }
  for (const std::string& id : all) callers_.post([this, id] { look_at(id); });
}

void worker::look_at(const std::string& run_id) {
  ws::DescribeWorkflowExecutionRequest request;
  request.mutable_execution()->set_workflow_id(run_id);
  ws::DescribeWorkflowExecutionResponse got;
  const answer said = to_.ask("DescribeWorkflowExecution", request, got, 1);
  const auto status = got.workflow_execution_info().status();
  if (!said.good() && said.what != kind::not_found) return;
  if (said.good() && status == enums::WORKFLOW_EXECUTION_STATUS_RUNNING) return;
  const bool lost = said.what == kind::not_found && steps_.has(run_id);
  {
    const std::lock_guard lock(mutex_);
    const auto at = runs_.find(run_id);
    if (at == runs_.end()) return;
    // A cluster that has forgotten it, as one without a database does, is told of it again.
    if (lost) at->second = {at->second.plan, false, false, 0, {}};
    else runs_.erase(at);
  }
  activities_.end_if_over(run_id);
}

}  // namespace sluice::durable
