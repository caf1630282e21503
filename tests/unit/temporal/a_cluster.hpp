// What the tests of the worker share: a host, a scripted cluster, and tasks of one run.
#pragma once

#include "temporal/worker.hpp"

#include <gmock/gmock.h>

#include "fake_cluster.hpp"

namespace sluice::durable::test {

inline constexpr const char* plan =
    R"({"run_id":"run-1","tenant":"acme","pipeline":"p","correlation_id":"c-1",
        "steps":[{"name":"users","phase":"essential","after":[]},{"name":"rest","phase":"background","after":["users"]}]})";

struct a_cluster : ::testing::Test {
  a_cluster() {
    offer_runs(host);
    to.address = "cluster:7233";
    to.name_space = "default";
    to.task_queue = "unit-test";
  }
  std::unique_ptr<transport> by() { return std::make_unique<scripted>(said); }
  std::vector<std::string> log() {
    std::vector<std::string> out;
    for (const auto& line : host.lines()) out.push_back(line.message);
    return out;
  }

  testkit::fake_host host;
  settings to;
  script said;
};

inline ws::PollWorkflowTaskQueueResponse first_task() {
  ws::PollWorkflowTaskQueueResponse task;
  task.set_task_token("task-1");
  task.mutable_workflow_execution()->set_workflow_id("run-1");
  task.mutable_workflow_execution()->set_run_id("server-1");
  task.set_started_event_id(3);
  return task;
}

inline history_api::HistoryEvent begun(const std::string& input) {
  history_api::HistoryEvent e;
  e.set_event_id(1);
  e.set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  set_json(*e.mutable_workflow_execution_started_event_attributes()->mutable_input(), input);
  return e;
}
inline history_api::HistoryEvent given_to(const std::string& who) {
  history_api::HistoryEvent e;
  e.set_event_id(3);
  e.set_event_type(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  e.mutable_workflow_task_started_event_attributes()->set_identity(who);
  return e;
}

}  // namespace sluice::durable::test
