// What the worker makes of a task, and of a question that comes like one.
#include "a_cluster.hpp"

namespace sluice::durable::test {

namespace {

using kind = answer::kind;
using ::testing::HasSubstr;

struct a_task : a_cluster {
  const slot names{"unit-test.p"};
  cluster c{host_ref(host.raw()), to, by(), names};
  steps_here steps{host_ref(host.raw())};
  closings ends;
};

}  // namespace

// A server that can hands out at once what this process asks for; and of what is over nothing is asked any more.
TEST_F(a_task, gives_a_step_back_with_its_answer_and_is_not_asked_for_what_is_over) {
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
TEST_F(a_task, is_asked_for_the_pages_of_a_history_that_is_not_known) {
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
TEST_F(a_task, keeps_a_workflow_whose_history_is_of_a_newer_program) {
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

// A question that comes the sticky way brings no history, and what is kept of the run ends before the last task's answer.
TEST_F(a_task, is_asked_for_the_history_when_a_question_brings_none) {
  tasks t(host_ref(host.raw()), c, steps, ends, names);
  ws::PollWorkflowTaskQueueResponse task = first_task();
  *task.mutable_history()->add_events() = begun(to_text(input_of(plan, names.home())));
  *task.mutable_history()->add_events() = given_to(names.home());
  t.handle(task);
  ws::GetWorkflowExecutionHistoryResponse whole;
  *whole.mutable_history() = task.history();
  history_api::HistoryEvent& marker = *whole.mutable_history()->add_events();
  marker.set_event_id(5);
  marker.set_event_type(enums::EVENT_TYPE_MARKER_RECORDED);
  marker.mutable_marker_recorded_event_attributes()->set_marker_name("step");
  set_json((*marker.mutable_marker_recorded_event_attributes()->mutable_details())["step"],
           R"({"step":"users","outcome":"ended","interpreter":1})");
  said.says("GetWorkflowExecutionHistory", with(whole));
  ws::PollWorkflowTaskQueueResponse question = first_task();
  question.set_started_event_id(0);
  question.mutable_query()->set_query_type("progress");
  t.handle(question);
  const auto told = said.question<ws::RespondQueryTaskCompletedRequest>("RespondQueryTaskCompleted");
  EXPECT_THAT(json_of(told.query_result()), HasSubstr(R"("users":"ended")"));
}

}  // namespace sluice::durable::test
