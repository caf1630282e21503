#include "temporal/tasks.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <stdexcept>

#include "temporal/labels.hpp"

namespace sluice::durable {

using namespace std::chrono_literals;

namespace {

constexpr auto inside_at_most = 1s;  // of a task that is lost after four
constexpr std::size_t most_kept = 1'000;

// Steps that run inside of a task, and what comes of them. Outlives the task: what takes longer goes on.
struct inside_work {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, step_end> ended;
};

}  // namespace

struct tasks::asked {
  const ws::PollWorkflowTaskQueueResponse& task;
  run_state state;         // what was done inside of the task is in it too
  run_state read = state;  // what the history says, which is what is kept
  ws::RespondWorkflowTaskCompletedRequest out;
  std::set<std::string> elsewhere;
  bool closes = false, over = false;  // over: and no other workflow follows
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now() + inside_at_most;
};

void tasks::handle(ws::PollWorkflowTaskQueueResponse task) {
  for (bool more = true; more;) {
    more = false;
    try {
      if (task.has_query()) return answer_query(task);
      asked a{.task = task, .state = state_of(task)};
      host_.add("workflow_tasks");
      decide_on(a);
      ws::PollWorkflowTaskQueueResponse next;
      more = answer_task(a, next);
      if (more) task = std::move(next);
    } catch (const std::exception& e) {
      fail_task(task, e.what());
    }
  }
}

run_state tasks::state_of(const ws::PollWorkflowTaskQueueResponse& task) {
  run_state state;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = kept_.find(task.workflow_execution().run_id()); at != kept_.end()) state = at->second;
  }
  const auto& events = task.history().events();
  const std::int64_t first = events.empty() ? state.last_event() + 1 : events.Get(0).event_id();
  if (first == 1) state = {};
  if (first > state.last_event() + 1) {
    // The beginning is not here any more: a restart, or too many others in between.
    state = {};
    read_on(state, task, {});
    return state;
  }
  for (const auto& e : events) {
    if (e.event_id() > state.last_event()) state.apply(event_of(e, names_.shared()));
  }
  if (!task.next_page_token().empty()) read_on(state, task, task.next_page_token());
  return state;
}

void tasks::read_on(run_state& state, const ws::PollWorkflowTaskQueueResponse& task, std::string page) {
  do {
    ws::GetWorkflowExecutionHistoryRequest request;
    *request.mutable_execution() = task.workflow_execution();
    request.set_next_page_token(page);
    ws::GetWorkflowExecutionHistoryResponse got;
    const answer a = to_.ask("GetWorkflowExecutionHistory", request, got);
    if (!a.good()) throw std::runtime_error("the history can't be read: " + a.text);
    for (const auto& e : got.history().events()) {
      const bool wanted = task.started_event_id() == 0 || e.event_id() <= task.started_event_id();
      if (wanted && e.event_id() > state.last_event()) state.apply(event_of(e, names_.shared()));
    }
    page = got.next_page_token();
  } while (!page.empty());
}

void tasks::decide_on(asked& a) {
  for (;;) {
    const std::vector<command> commands = decide(a.state, a.elsewhere);
    if (run_inside(a, commands)) continue;
    for (const command& c : commands) {
      add_command(a.out, c, a.state, {names_, to_.searchable(), to_.heartbeat()});
      a.over = a.over || c.what == command::kind::complete || c.what == command::kind::cancelled ||
               c.what == command::kind::fail;
      a.closes = a.over || c.what == command::kind::continue_as_new;
    }
    return;
  }
}

// False: there is nothing to do inside. What was done is recorded in the order in which it was decided.
bool tasks::run_inside(asked& a, const std::vector<command>& commands) {
  std::vector<std::string> wanted;
  const auto work = std::make_shared<inside_work>();
  for (const command& c : commands) {
    if (c.what != command::kind::run_here) continue;
    wanted.push_back(c.step);
    const auto told = [work, step = c.step](const step_end& end) {
      const std::lock_guard lock(work->mutex);
      work->ended[step] = end;
      work->changed.notify_all();
    };
    if (c.text == word_cancel) steps_.cancel_and_end(a.state.input().run_id, told);
    else steps_.run(a.state.input().run_id, c.step, told);
  }
  if (wanted.empty()) return false;
  std::unique_lock lock(work->mutex);
  work->changed.wait_until(lock, a.until, [&] { return work->ended.size() == wanted.size(); });
  for (const std::string& step : wanted) {
    const auto at = work->ended.find(step);
    if (at == work->ended.end() || at->second.what != step_end::how::ended) {
      a.elsewhere.insert(step);
      continue;
    }
    host_.add("steps_inside_tasks");
    add_marker(a.out, step, at->second.text);
    a.state.apply({a.state.last_event(), event_kind::step_done, step, {}, at->second.text, 0, false});
  }
  return true;
}

bool tasks::answer_task(asked& a, ws::PollWorkflowTaskQueueResponse& next) {
  const std::string& run = a.task.workflow_execution().run_id();
  a.out.set_task_token(a.task.task_token());
  auto& sticky = *a.out.mutable_sticky_attributes();
  to_.set_queue(*sticky.mutable_worker_task_queue(), names_.sticky(), true);
  sticky.mutable_schedule_to_start_timeout()->set_seconds(1);
  add_version(a.out, host_.version());
  a.out.set_return_new_workflow_task(true);
  for (const auto& [id, query] : a.task.queries()) {
    auto& result = (*a.out.mutable_query_results())[id];
    result.set_result_type(enums::QUERY_RESULT_TYPE_ANSWERED);
    set_json(*result.mutable_answer(), progress_text(a.state));
  }
  ws::RespondWorkflowTaskCompletedResponse got;
  const answer said = to_.ask("RespondWorkflowTaskCompleted", a.out, got);
  if (said.what == answer::kind::refused) to_.searchable(false);  // it may be that
  if (a.closes) ends_.closed(a.task.workflow_execution().workflow_id());
  if (!said.good() || a.closes) {
    forget(run);
  } else {
    keep(run, std::move(a.read));
  }
  if (!said.good() && said.what != answer::kind::not_found && said.what != answer::kind::stopped)
    host_.log(log_level::warn, "a task of run " + a.task.workflow_execution().workflow_id() +
                                   " was not answered: " + said.text);
  if (!said.good()) return false;
  if (a.over && hooks_.over) hooks_.over(a.task.workflow_execution().workflow_id());
  for (const auto& step : got.activity_tasks()) {
    if (hooks_.step) hooks_.step(step);
  }
  if (got.workflow_task().task_token().empty()) return false;
  next = std::move(*got.mutable_workflow_task());
  return true;
}

// By the whole history: a question that comes the sticky way brings none, and what is kept of the run ends before what
// came of the last task.
void tasks::answer_query(const ws::PollWorkflowTaskQueueResponse& task) {
  run_state state;
  read_on(state, task, {});
  ws::RespondQueryTaskCompletedRequest request;
  request.set_task_token(task.task_token());
  request.set_completed_type(enums::QUERY_RESULT_TYPE_ANSWERED);
  set_json(*request.mutable_query_result(), progress_text(state));
  ws::RespondQueryTaskCompletedResponse got;
  static_cast<void>(to_.ask("RespondQueryTaskCompleted", request, got, 1));  // who asked asks again
}

// Not the workflow: a host that understands it may come.
void tasks::fail_task(const ws::PollWorkflowTaskQueueResponse& task, const std::string& why) {
  host_.log(log_level::error,
            "run " + task.workflow_execution().workflow_id() + ": its history can't be gone on with: " + why);
  host_.add("workflow_tasks_failed");
  forget(task.workflow_execution().run_id());
  ws::RespondWorkflowTaskFailedRequest request;
  request.set_task_token(task.task_token());
  request.set_cause(enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  request.mutable_failure()->set_message(why);
  request.mutable_failure()->set_source("sluice");
  request.mutable_failure()->mutable_application_failure_info()->set_type("interpreter");
  ws::RespondWorkflowTaskFailedResponse got;
  static_cast<void>(to_.ask("RespondWorkflowTaskFailed", request, got));  // else its time runs out
}

void tasks::keep(const std::string& run, run_state state) {
  const std::lock_guard lock(mutex_);
  if (kept_.insert_or_assign(run, std::move(state)).second) order_.push_back(run);
  while (order_.size() > most_kept) {
    kept_.erase(order_.front());
    order_.pop_front();
  }
}

void tasks::forget(const std::string& run) {
  const std::lock_guard lock(mutex_);
  if (kept_.erase(run) > 0) order_.remove(run);
}

}  // namespace sluice::durable
