// Tasks of workflows: a history comes in, what the interpreter decides goes out.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "temporal/closings.hpp"
#include "temporal/cluster.hpp"
#include "temporal/steps_here.hpp"

namespace sluice::durable {

class tasks {
 public:
  // What an answer brings besides a task.
  struct hooks {
    std::function<void(const ws::PollActivityTaskQueueResponse&)>
        step;                                             // that this process asked for, at once
    std::function<void(const std::string& run_id)> over;  // its workflow, by our answer
  };
  tasks(host_ref host, cluster& to, steps_here& steps, closings& ends, const slot& names, hooks h = {})
      : host_(host), to_(to), steps_(steps), ends_(ends), names_(names), hooks_(std::move(h)) {}

  // Answers it, and what the server gives in return at once.
  void handle(ws::PollWorkflowTaskQueueResponse task);

 private:
  struct asked;  // one task, and its answer as it grows

  [[nodiscard]] run_state state_of(const ws::PollWorkflowTaskQueueResponse& task);
  void read_on(run_state& state, const ws::PollWorkflowTaskQueueResponse& task, std::string page);
  void decide_on(asked& a);
  bool run_inside(asked& a, const std::vector<command>& commands);
  bool answer_task(asked& a, ws::PollWorkflowTaskQueueResponse& next);
  void answer_query(const ws::PollWorkflowTaskQueueResponse& task);
  void fail_task(const ws::PollWorkflowTaskQueueResponse& task, const std::string& why);
  void keep(const std::string& run, run_state state);
  void forget(const std::string& run);

  host_ref host_;
  cluster& to_;
  steps_here& steps_;
  closings& ends_;
  const slot& names_;
  hooks hooks_;
  std::mutex mutex_;
  std::map<std::string, run_state> kept_;  // by Temporal's id of the workflow's run
  std::list<std::string> order_;           // the oldest first
};

}  // namespace sluice::durable
