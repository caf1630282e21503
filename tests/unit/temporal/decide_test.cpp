#include "temporal/decide.hpp"

#include <gmock/gmock.h>

namespace sluice::durable::test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using kind = command::kind;

namespace {

// A run of two essential steps and a background step, which "home" has; and what happened then.
std::vector<event> history(std::initializer_list<event> more) {
  const workflow_input input{"run-1",
                             "sign-in",
                             "home",
                             {{"users", true, {}}, {"roles", true, {"users"}}, {"rest", false, {"roles"}}},
                             {}};
  std::vector<event> out{{1, event_kind::started, {}, {}, to_text(input), 0, false}};
  for (event e : more) {
    e.id = static_cast<std::int64_t>(out.size()) + 1;
    out.push_back(std::move(e));
  }
  return out;
}
event task(std::string who) { return {0, event_kind::task_started, std::move(who), {}, {}, 0, false}; }
event marker(std::string step, std::string outcome = "ended") {
  return {0, event_kind::step_done, std::move(step), {}, std::move(outcome), 0, false};
}
event scheduled(std::string activity, std::string queue) {
  return {0, event_kind::step_scheduled, std::move(activity), std::move(queue), {}, 0, false};
}
event about(event_kind what, std::int64_t refers, std::string text = {}, std::string queue = {}) {
  return {0, what, {}, std::move(queue), std::move(text), refers, false};
}

std::vector<command> said(const std::vector<event>& h, const std::set<std::string>& elsewhere = {}) {
  return decide(fold(h), elsewhere);
}
command here(std::string step) { return {kind::run_here, std::move(step), {}, {}, {}, 0}; }
command on(std::string step, std::string activity, std::string queue) {
  return {kind::schedule, std::move(step), std::move(activity), std::move(queue), {}, 0};
}
command of(kind what, std::string text = {}) { return {what, {}, {}, {}, std::move(text), 0}; }

}  // namespace

TEST(deciding, runs_what_is_essential_inside_of_the_task_where_the_run_is_at_home) {
  EXPECT_THAT(said(history({task("home")})), ElementsAre(here("users")));
  EXPECT_THAT(said(history({task("home"), marker("users")})), ElementsAre(here("roles")));
}

TEST(deciding, gives_to_the_home_what_another_host_may_not_run) {
  EXPECT_THAT(said(history({task("other")})), ElementsAre(on("users", "users", "home")));
}

TEST(deciding, gives_what_takes_too_long_for_a_task_to_an_activity) {
  EXPECT_THAT(said(history({task("home")}), {"users"}), ElementsAre(on("users", "users", "home")));
}

TEST(deciding, runs_the_background_as_activities) {
  EXPECT_THAT(said(history({task("home"), marker("users"), marker("roles")})),
              ElementsAre(of(kind::tell_phase, "background"), on("rest", "rest", "home")));
}

// covers: T6
TEST(deciding, runs_nothing_inside_of_a_task_again_once_one_was_not_answered) {
  const auto lost = about(event_kind::task_timed_out, 0, "start_to_close");
  EXPECT_THAT(said(history({task("home"), lost, task("home")})), ElementsAre(on("users", "users", "home")));
  // That the queue of a dead host was passed over is another matter.
  const auto passed = about(event_kind::task_timed_out, 0, "schedule_to_start");
  EXPECT_THAT(said(history({task("home"), passed, task("home")})), ElementsAre(here("users")));
}

// covers: T4
TEST(deciding, gives_to_all_what_the_home_did_not_do) {
  const auto h = history(
      {task("other"), scheduled("users", "home"), about(event_kind::step_timed_out, 3), task("other")});
  EXPECT_THAT(said(h), ElementsAre(on("users", "users/2", "")));
}

// covers: T4
TEST(deciding, takes_who_did_a_step_for_all_as_the_home_from_then_on) {
  const auto h = history({task("other"), scheduled("users", "home"), about(event_kind::step_timed_out, 3),
                          task("other"), scheduled("users/2", ""),
                          about(event_kind::step_completed, 6, "ended", "other"), task("other")});
  EXPECT_THAT(said(h), ElementsAre(here("roles")));
}

// covers: H6
TEST(deciding, follows_a_run_that_another_host_has_taken_over) {
  const auto h = history({task("home"), marker("users"), marker("roles"), scheduled("rest", "home"),
                          about(event_kind::moved, 0, "new"), task("other")});
  EXPECT_THAT(said(h),
              ElementsAre(command{kind::cancel_step, "rest", {}, {}, {}, 5}, on("rest", "rest/2", "new")));
}

TEST(deciding, waits_for_what_is_under_way) {
  EXPECT_THAT(said(history({task("other"), scheduled("users", "home"), task("home")})), ElementsAre());
}

TEST(deciding, has_what_was_done_recorded_before_the_run_ends) {
  const workflow_input input{"run-1", "p", "home", {{"users", true, {}}}, {}};
  std::vector<event> h{
      {1, event_kind::started, {}, {}, to_text(input), 0, false}, task("home"), marker("users")};
  EXPECT_THAT(said(h), ElementsAre(of(kind::checkpoint)));
  h.push_back(task("home"));
  EXPECT_THAT(said(h), ElementsAre(here(std::string(end_step))));
  h.push_back(marker(std::string(end_step), "partial"));
  EXPECT_THAT(said(h), ElementsAre(of(kind::complete, "partial")));
}

// covers: T10
TEST(deciding, stops_what_is_under_way_and_begins_nothing_when_a_cancel_is_asked_for) {
  auto h = history({task("home"), marker("users"), marker("roles"), scheduled("rest", "home"),
                    about(event_kind::cancel_asked, 0), task("home")});
  EXPECT_THAT(said(h), ElementsAre(command{kind::cancel_step, "rest", {}, {}, {}, 5}));
  h.push_back(about(event_kind::step_cancel_asked, 5));
  EXPECT_THAT(said(h), ElementsAre()) << "asked once";
  h.push_back(about(event_kind::step_cancelled, 5));
  h.push_back(task("home"));
  EXPECT_THAT(said(h), ElementsAre(command{kind::run_here, std::string(end_step), {}, {}, "cancel", 0}));
  h.push_back(marker(std::string(end_step), "cancelled"));
  EXPECT_THAT(said(h), ElementsAre(of(kind::cancelled)));
}

// covers: T10
TEST(deciding, lets_a_run_end_as_it_is_when_a_cancel_comes_after_its_last_step) {
  const auto h = history({task("home"), marker("users"), marker("roles"), marker("rest"),
                          about(event_kind::cancel_asked, 0), task("home")});
  EXPECT_THAT(said(h), ElementsAre(here(std::string(end_step))));
}

TEST(deciding, ends_a_run_that_the_host_has_cancelled_without_what_had_not_begun) {
  const auto h = history({task("home"), marker("users", "cancelled"), task("home")});
  EXPECT_THAT(said(h), ElementsAre(here(std::string(end_step))));
}

TEST(deciding, fails_a_workflow_whose_run_no_host_can_do) {
  auto gone = about(event_kind::step_failed, 3, "no such run");
  gone.final = true;
  EXPECT_THAT(said(history({task("other"), scheduled("users", "home"), gone, task("other")})),
              ElementsAre(of(kind::fail, "no such run")));
}

// covers: T9
TEST(deciding, goes_on_in_a_new_workflow_before_the_history_is_too_long) {
  const auto h = history({task("home"), marker("users"), about(event_kind::moved, 0, "new"), task("new")});
  const auto commands = decide(fold(h), {}, 5);
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].what, kind::continue_as_new);
  const std::vector<event> next{{1, event_kind::started, {}, {}, commands[0].text, 0, false}, task("new")};
  EXPECT_THAT(said(next), ElementsAre(here("roles")));
}

// covers: T9
TEST(deciding, goes_on_in_a_new_workflow_when_the_server_says_so_and_something_was_done) {
  auto grown = task("home");
  grown.text = "grown";
  EXPECT_THAT(said(history({grown})), ElementsAre(here("users")));
  const auto h = history({task("home"), marker("users"), marker("roles"), scheduled("rest", "home"), grown});
  const auto commands = said(h);
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].what, kind::continue_as_new);
  const workflow_input next = input_from(commands[0].text);
  EXPECT_EQ(phase_of(next), "background");
  EXPECT_THAT(said({{1, event_kind::started, {}, {}, commands[0].text, 0, false}, task("home")}),
              ElementsAre(on("rest", "rest", "home")))
      << "it says what it is at from the start";
  const auto stopping = history({task("home"), marker("users"), marker("roles"), scheduled("rest", "home"),
                                 about(event_kind::cancel_asked, 0), grown});
  EXPECT_THAT(said(stopping), ElementsAre(command{kind::cancel_step, "rest", {}, {}, {}, 5}));
}

TEST(deciding, tells_once_that_the_background_begins) {
  const auto again = history({task("home"), marker("users"), marker("roles"), scheduled("rest", "home"),
                              about(event_kind::step_timed_out, 5), task("home")});
  EXPECT_THAT(said(again), ElementsAre(on("rest", "rest/2", "")));
}

TEST(deciding, passes_over_what_it_has_no_use_for_and_refuses_what_is_no_run) {
  EXPECT_THAT(said(history({task("home"), {0, event_kind::other, {}, {}, "x", 0, false}})),
              ElementsAre(here("users")));
  EXPECT_THROW(said({}), std::runtime_error);
  EXPECT_THROW(fold(history({about(event_kind::step_completed, 7)})), std::runtime_error);
}

// covers: T7
TEST(an_input, of_a_newer_program_is_left_to_that_one) {
  try {
    static_cast<void>(input_from(R"({"interpreter":99,"run_id":"r","pipeline":"p","home":"h","steps":[]})"));
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("newer sluice"));
  }
}

// covers: P22
TEST(an_input, holds_names_alone) {
  const auto input = input_of(
      R"({"run_id":"r","tenant":"acme","pipeline":"p","correlation_id":"c","steps":[{"name":"a","phase":"essential","after":[],"stages":["a"]}],
          "stages":[{"name":"a","vars":"{\"subject\":\"jane\"}"}]})",
      "h");
  EXPECT_EQ(
      to_text(input),
      R"({"correlation_id":"c","home":"h","interpreter":1,"pipeline":"p","run_id":"r","steps":[{"after":[],"name":"a","phase":"essential"}],"tenant":"acme"})");
  EXPECT_EQ(to_text(input_from(to_text(input))), to_text(input));
}

TEST(a_history, is_read_as_it_was_written) {
  const event e{7, event_kind::step_completed, "n", "q", "t", 3, true};
  EXPECT_EQ(to_line(from_line(to_line(e))), to_line(e));
  EXPECT_THROW(static_cast<void>(from_line(R"({"id":1,"kind":"nothing"})")), std::runtime_error);
  EXPECT_THROW(static_cast<void>(from_line("{")), std::runtime_error);
}

}  // namespace sluice::durable::test
