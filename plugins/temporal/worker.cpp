#include "temporal/worker.hpp"

#include <utility>

#include "temporal/codes.hpp"

namespace sluice::durable {

using namespace std::chrono_literals;
using kind = answer::kind;

worker::worker(host_ref host, settings to, std::unique_ptr<transport> by)
    : host_(host),
      steps_(host),
      names_(to.task_queue + "." + steps_.pipeline()),
      to_(host, to, std::move(by), names_),
      tasks_(host, to_, steps_, ends_, names_,
             {[this](const ws::PollActivityTaskQueueResponse& step) { activities_.handle(step); },
              [this](const std::string& run_id) { over(run_id); }}),
      activities_(host, to_, steps_, callers_, ends_, names_) {}

worker::~worker() {
  steps_.close();
  // What is under way ends first, so that the cluster hears of it.
  steps_.wait_idle();
  ends_.wait(3s);
  to_.stop();
  for (std::thread& t : threads_) t.join();
  handlers_.close();
  callers_.close();
  steps_.wait_idle();
  if (polling_) say_goodbye();
}

void worker::poll() {
  if (polling_.exchange(true)) return;
  threads_.emplace_back([this] { greet(); });
  threads_.emplace_back([this] { tick(); });
  for (const bool sticky : {false, true, false, true})
    threads_.emplace_back([this, sticky] { poll_tasks(sticky); });
  for (const std::string& queue : {names_.home(), names_.home(), names_.shared()})
    threads_.emplace_back([this, queue] { poll_steps(queue); });
}

void worker::poll_tasks(bool sticky) {
  for (int failures = 0; !to_.stopping();) {
    handlers_.wait_for_room();
    ws::PollWorkflowTaskQueueResponse task;
    const answer said = to_.poll<ws::PollWorkflowTaskQueueRequest>(
        "PollWorkflowTaskQueue", sticky ? names_.sticky() : names_.shared(), sticky, task);
    failures = said.good() || said.what == kind::timed_out ? 0 : failures + 1;
    if (failures > 0 && !to_.pause(to_.backoff(failures, said))) return;
    if (said.good() && !task.task_token().empty())
      handlers_.post([this, taken = std::move(task)]() mutable { tasks_.handle(std::move(taken)); });
  }
}

void worker::poll_steps(const std::string& queue) {
  for (int failures = 0; !to_.stopping();) {
    ws::PollActivityTaskQueueResponse task;
    const answer said =
        to_.poll<ws::PollActivityTaskQueueRequest>("PollActivityTaskQueue", queue, false, task);
    failures = said.good() || said.what == kind::timed_out ? 0 : failures + 1;
    if (failures > 0 && !to_.pause(to_.backoff(failures, said))) return;
    if (said.good() && !task.task_token().empty()) activities_.handle(task);
  }
}

void worker::tick() {
  constexpr int look_every = 14;    // about ten seconds
  constexpr int learn_every = 430;  // about five minutes
  for (int n = 1; to_.pause(700ms); ++n) {
    activities_.beat();
    std::vector<std::string> due;
    {
      const std::lock_guard lock(mutex_);
      for (auto& [id, run] : runs_) {
        if (!run.started && !run.busy && run.next <= std::chrono::steady_clock::now())
          due.push_back(id), run.busy = true;
      }
    }
    for (const std::string& id : due) callers_.post([this, id] { begin(id); });
    if (n % look_every == 0) look_after();
    if (n % learn_every == 0) callers_.post([this] { learn(); });
  }
}

// Somebody may have registered attributes since.
void worker::learn() {
  if (!to_.searchable()) static_cast<void>(introduce(to_));
}

// Says at the start what does not work, and looks until it does.
void worker::greet() {
  constexpr auto look_again = 5s;
  bool said_so = false;
  for (int failures = 1;; ++failures) {
    const answer said = introduce(to_);
    if (failures == 1) introduction_.set_value();
    if (said.good() || said.what == kind::stopped) return;
    if (!said.retryable()) {
      const std::string what = "refuses the namespace `" + to_.to().name_space + "`: " + said.text;
      to_.refused(what);
      if (!std::exchange(said_so, true)) {
        host_.log(log_level::error,
                  "Temporal at " + to_.to().address + " " + what +
                      "; make it (`temporal operator namespace create`), or mend `namespace`, `tls` or "
                      "`api_key`; runs wait",
                  codes::as_field(codes::refused));
      }
    }
    if (!to_.pause(said.retryable() ? to_.backoff(failures, said) : look_again)) return;
  }
}

void worker::say_goodbye() {
  ws::ShutdownWorkerRequest request;
  request.set_sticky_task_queue(names_.sticky());
  request.set_reason("the process ends");
  ws::ShutdownWorkerResponse got;
  static_cast<void>(
      to_.ask("ShutdownWorker", request, got, 1));  // else what waits there goes on a little later
}

}  // namespace sluice::durable
