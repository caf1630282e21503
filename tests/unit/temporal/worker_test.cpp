// The worker in front of a transport that is none.
#include "a_cluster.hpp"

namespace sluice::durable::test {

namespace {

using kind = answer::kind;
using ::testing::HasSubstr;

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

// What polls goes on polling: a server that is slow to take one answer has others to give meanwhile.
TEST_F(a_cluster, is_polled_while_it_takes_its_time_with_answers) {
  constexpr int many = 12;
  const std::string home = slot("unit-test.p").home();
  for (int n = 0; n < many; ++n) {
    ws::PollWorkflowTaskQueueResponse task = first_task();
    task.mutable_workflow_execution()->set_workflow_id("run-" + std::to_string(n));
    task.mutable_workflow_execution()->set_run_id("server-" + std::to_string(n));
    *task.mutable_history()->add_events() = begun(to_text(input_of(plan, home)));
    *task.mutable_history()->add_events() = given_to(home);
    said.brings("PollWorkflowTaskQueue", with(task));
  }
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  bool together = true;
  said.says("RespondWorkflowTaskCompleted", [&](google::protobuf::MessageLite&) {
    std::unique_lock lock(mutex);
    if (++here == many) all_here.notify_all();
    together = all_here.wait_for(lock, std::chrono::seconds(20), [&] { return here >= many; }) && together;
    return answer{};
  });
  {
    worker w(host_ref(host.raw()), to, by());
    w.poll();
    said.wait_for("RespondWorkflowTaskCompleted", many);
  }
  EXPECT_TRUE(together);
}

}  // namespace sluice::durable::test
