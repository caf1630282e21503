// The worker in front of a transport that is none.
#include "temporal/worker.hpp"

#include <gmock/gmock.h>

#include "fake_cluster.hpp"

namespace sluice::durable::test {

namespace {

using kind = answer::kind;
using ::testing::HasSubstr;

constexpr const char* plan =
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

ws::PollWorkflowTaskQueueResponse first_task() {
  ws::PollWorkflowTaskQueueResponse task;
  task.set_task_token("task-1");
  task.mutable_workflow_execution()->set_workflow_id("run-1");
  task.mutable_workflow_execution()->set_run_id("server-1");
  task.set_started_event_id(3);
  return task;
}

history_api::HistoryEvent begun(const std::string& input) {
  history_api::HistoryEvent e;
  e.set_event_id(1);
  e.set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  set_json(*e.mutable_workflow_execution_started_event_attributes()->mutable_input(), input);
  return e;
}
history_api::HistoryEvent given_to(const std::string& who) {
  history_api::HistoryEvent e;
  e.set_event_id(3);
  e.set_event_type(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  e.mutable_workflow_task_started_event_attributes()->set_identity(who);
  return e;
}

}  // namespace

// covers: T1
TEST_F(a_cluster, that_is_away_is_asked_again_and_complained_of_once) {
  const slot names("unit-test");
  cluster c(host_ref(host.raw()), to, by(), names);
  for (int i = 0; i < 3; ++i) said.says("DescribeNamespace", plain(kind::again, "nobody listens"));
  said.says("DescribeNamespace", plain(kind::ok));
  EXPECT_THROW(c.check(), failure) << "it has not been heard of";
  ws::DescribeNamespaceRequest request;
  ws::DescribeNamespaceResponse got;
  EXPECT_FALSE(c.ask("DescribeNamespace", request, got, 1).good());
  try {
    c.check();
    FAIL();
  } catch (const failure& f) {
    EXPECT_THAT(f.message(), HasSubstr("nobody listens"));
  }
  EXPECT_TRUE(c.ask("DescribeNamespace", request, got, 5).good());
  EXPECT_NO_THROW(c.check());
  EXPECT_EQ(said.asked("DescribeNamespace").size(), 4U);
  EXPECT_THAT(log(), ::testing::ElementsAre(HasSubstr("nobody listens"), HasSubstr("answers again")));
  EXPECT_EQ(host.metric("calls_unanswered"), 3);
}

// covers: T9
TEST_F(a_cluster, that_limits_calls_is_given_time_and_complained_of_once) {
  const slot names("unit-test");
  cluster c(host_ref(host.raw()), to, by(), names);
  const answer away{kind::again, {}}, limits{kind::limited, "namespace rate limit exceeded"};
  for (int i = 0; i < 3; ++i) said.says("DescribeNamespace", plain(limits.what, limits.text));
  said.says("DescribeNamespace", plain(kind::ok));
  const auto usual = c.heartbeat();
  EXPECT_EQ(introduce(c).what, kind::limited);
  try {
    c.check();
    FAIL();
  } catch (const failure& f) {
    EXPECT_EQ(f.code(), "SLU-4804");
    EXPECT_THAT(f.message(), HasSubstr("rate limit"));
  }
  for (int n = 1; n < 9; ++n) EXPECT_GE(2 * c.backoff(n, limits), 10 * c.backoff(1, away));
  EXPECT_GT(c.heartbeat(), 2 * usual) << "a heartbeat may be refused too";
  EXPECT_EQ(introduce(c).what, kind::limited);
  EXPECT_EQ(introduce(c).what, kind::limited);
  EXPECT_THAT(log(), ::testing::ElementsAre(HasSubstr("limits how often it may be asked")));
  EXPECT_EQ(host.metric("calls_limited"), 3);
  EXPECT_EQ(introduce(c).what, kind::ok);
  EXPECT_NO_THROW(c.check());
}

// covers: T9, P14
TEST_F(a_cluster, that_limits_calls_gets_the_run_that_it_did_not_take_at_first) {
  said.says("StartWorkflowExecution", plain(kind::limited, "namespace rate limit exceeded"));
  said.says("StartWorkflowExecution", plain(kind::ok));
  worker w(host_ref(host.raw()), to, by());
  w.start("run-1", plan);
  said.wait_for("StartWorkflowExecution", 2);
  EXPECT_THAT(log(), ::testing::Contains(HasSubstr("run run-1 waits for Temporal: namespace rate limit")));
}

// covers: T8
TEST_F(a_cluster, that_refuses_is_not_asked_again) {
  const slot names("unit-test");
  cluster c(host_ref(host.raw()), to, by(), names);
  said.says("DescribeNamespace", plain(kind::refused, "no such namespace"));
  EXPECT_EQ(introduce(c).what, kind::refused);
  EXPECT_EQ(said.asked("DescribeNamespace").size(), 1U);
}

TEST_F(a_cluster, that_says_nothing_until_the_end_holds_up_nobody) {
  const slot names("unit-test");
  cluster c(host_ref(host.raw()), to, by(), names);
  said.says("DescribeNamespace", plain(kind::timed_out, "no answer in time"));
  c.stop();
  ws::DescribeNamespaceRequest request;
  ws::DescribeNamespaceResponse got;
  EXPECT_FALSE(c.ask("DescribeNamespace", request, got, 1'000).good());
  EXPECT_EQ(said.asked("DescribeNamespace").size(), 1U);
}

// The essential step runs inside of the task that came with the answer to the start; the background is scheduled.
TEST_F(a_cluster, gets_a_run_and_what_was_done_in_its_first_task) {
  ws::StartWorkflowExecutionResponse started;
  const std::string home = slot("unit-test.p").home();
  *started.mutable_eager_workflow_task() = first_task();
  auto& events = *started.mutable_eager_workflow_task()->mutable_history()->mutable_events();
  *events.Add() = begun(to_text(input_of(plan, home)));
  *events.Add() = given_to(home);
  said.says("StartWorkflowExecution", with(started));
  {
    worker w(host_ref(host.raw()), to, by());
    w.start("run-1", plan);
    said.wait_for("RespondWorkflowTaskCompleted", 1);
  }
  const auto start = said.question<ws::StartWorkflowExecutionRequest>("StartWorkflowExecution");
  EXPECT_EQ(start.workflow_id(), "run-1");
  EXPECT_EQ(start.memo().fields().at("tenant").data(), R"("acme")");
  EXPECT_EQ(start.memo().fields().at("phase").data(), R"("essential")");
  EXPECT_EQ(start.memo().fields().at("correlation_id").data(), R"("c-1")");
  const auto done = said.question<ws::RespondWorkflowTaskCompletedRequest>("RespondWorkflowTaskCompleted");
  ASSERT_EQ(done.commands_size(), 3);
  EXPECT_EQ(done.commands(0).command_type(), enums::COMMAND_TYPE_RECORD_MARKER);
  EXPECT_EQ(done.commands(1).command_type(), enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES);
  EXPECT_EQ(done.commands(2).schedule_activity_task_command_attributes().activity_id(), "rest");
  EXPECT_EQ(done.commands(2).user_metadata().summary().data(), R"("rest")");
  EXPECT_EQ(done.worker_version_stamp().build_id(), "0");
  EXPECT_EQ(host.metric("steps_inside_tasks"), 1);
}

// A server that can hands out at once what this process asks for; and of what is over nothing is asked any more.
TEST_F(a_cluster, gives_a_step_back_with_its_answer_and_is_not_asked_for_what_is_over) {
  const slot names("unit-test.p");
  cluster c(host_ref(host.raw()), to, by(), names);
  steps_here steps(host_ref(host.raw()));
  closings ends;
  std::vector<std::string> given, over;
  tasks t(host_ref(host.raw()), c, steps, ends, names,
          {[&](const ws::PollActivityTaskQueueResponse& step) { given.push_back(step.activity_id()); },
           [&](const std::string& run_id) { over.push_back(run_id); }});
  ws::RespondWorkflowTaskCompletedResponse one;
  one.add_activity_tasks()->set_activity_id("rest");
  said.says("RespondWorkflowTaskCompleted", with(one));
  said.says("RespondWorkflowTaskCompleted", plain(kind::ok));
  ws::PollWorkflowTaskQueueResponse task = first_task();
  *task.mutable_history()->add_events() = begun(to_text(input_of(plan, names.home())));
  *task.mutable_history()->add_events() = given_to(names.home());
  t.handle(task);
  const auto asked = said.question<ws::RespondWorkflowTaskCompletedRequest>("RespondWorkflowTaskCompleted");
  EXPECT_TRUE(asked.commands(2).schedule_activity_task_command_attributes().request_eager_execution());
  EXPECT_THAT(given, ::testing::ElementsAre("rest"));
  EXPECT_THAT(over, ::testing::IsEmpty());
  workflow_input last = input_of(plan, names.home());
  for (const input_step& s : last.steps) last.done[s.name] = "ended";
  ws::PollWorkflowTaskQueueResponse end = first_task();
  *end.mutable_history()->add_events() = begun(to_text(last));
  *end.mutable_history()->add_events() = given_to(names.home());
  t.handle(end);
  EXPECT_THAT(over, ::testing::ElementsAre("run-1"));
}

// covers: T6
TEST_F(a_cluster, is_asked_for_the_pages_of_a_history_that_is_not_known) {
  const slot names("unit-test.p");
  cluster c(host_ref(host.raw()), to, by(), names);
  steps_here steps(host_ref(host.raw()));
  closings ends;
  tasks t(host_ref(host.raw()), c, steps, ends, names);
  ws::GetWorkflowExecutionHistoryResponse one, two;
  *one.mutable_history()->add_events() = begun(to_text(input_of(plan, "elsewhere")));
  one.set_next_page_token("more");
  *two.mutable_history()->add_events() = given_to("elsewhere");
  said.says("GetWorkflowExecutionHistory", with(one));
  said.says("GetWorkflowExecutionHistory", with(two));
  ws::PollWorkflowTaskQueueResponse task = first_task();
  history_api::HistoryEvent late = given_to(names.home());
  late.set_event_id(9);
  *task.mutable_history()->add_events() = late;
  task.set_started_event_id(9);
  task.mutable_query()->set_query_type("progress");
  t.handle(task);
  EXPECT_EQ(said.asked("GetWorkflowExecutionHistory").size(), 2U);
  const auto told = said.question<ws::RespondQueryTaskCompletedRequest>("RespondQueryTaskCompleted");
  EXPECT_EQ(json_of(told.query_result()),
            R"({"home":"elsewhere","run_id":"run-1","steps":{"rest":"waits","users":"waits"}})");
}

// covers: T7
TEST_F(a_cluster, keeps_a_workflow_whose_history_is_of_a_newer_program) {
  const slot names("unit-test.p");
  cluster c(host_ref(host.raw()), to, by(), names);
  steps_here steps(host_ref(host.raw()));
  closings ends;
  tasks t(host_ref(host.raw()), c, steps, ends, names);
  ws::PollWorkflowTaskQueueResponse task = first_task();
  *task.mutable_history()->add_events() =
      begun(R"({"interpreter":99,"run_id":"run-1","pipeline":"p","home":"h","steps":[]})");
  t.handle(task);
  EXPECT_TRUE(said.asked("RespondWorkflowTaskCompleted").empty());
  const auto failed = said.question<ws::RespondWorkflowTaskFailedRequest>("RespondWorkflowTaskFailed");
  EXPECT_THAT(failed.failure().message(), HasSubstr("newer sluice"));
  EXPECT_EQ(host.metric("workflow_tasks_failed"), 1);
}

}  // namespace sluice::durable::test
