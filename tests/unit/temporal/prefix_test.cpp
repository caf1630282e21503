// Whatever happens to a run, it comes to one end, and every host that looks at the same history says the same.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "fake_server.hpp"

namespace sluice::durable::test {

namespace {

const workflow_input diamond{"run",
                             "sign-in",
                             "host-0",
                             {{"users", true, {}},
                              {"roles", true, {}},
                              {"members", true, {"users", "roles"}},
                              {"credits", false, {"users", "roles", "members"}},
                              {"history", false, {"members"}}},
                             {}};

// What an answer leaves in a history, and what it may have been.
bool leaves_a_trace(const command& c) {
  return c.what != command::kind::checkpoint && c.what != command::kind::fail;
}
bool is_of_a_step(const command& c) {
  return c.what == command::kind::run_here || c.what == command::kind::schedule ||
         c.what == command::kind::cancel_step;
}
// Not in the histories of the first programs, which told no phases.
bool shows_more_than_steps(const std::vector<event>& history) {
  return std::any_of(history.begin(), history.end(), [](const event& e) {
    return e.kind == event_kind::phase_told || e.kind == event_kind::went_on ||
           e.kind == event_kind::completed || e.kind == event_kind::cancelled;
  });
}

// Does inside of the task what was done then, and hands everything else on. False: nothing was to be done inside.
bool work_inside(const std::vector<event>& history, const boundary& b, run_state& state,
                 std::set<std::string>& elsewhere, std::vector<command>& said) {
  bool any = false;
  for (const command& c : decide(state, elsewhere)) {
    if (c.what != command::kind::run_here) continue;
    any = true;
    const auto marker =
        std::find_if(history.begin() + static_cast<std::ptrdiff_t>(b.events), history.end(),
                     [&](const event& e) { return e.kind == event_kind::step_done && e.name == c.step; });
    const auto same = [&](const command& r) { return r.what == c.what && r.step == c.step; };
    if (std::none_of(b.recorded.begin(), b.recorded.end(), same) || marker == history.end()) {
      elsewhere.insert(c.step);
    } else {
      said.push_back(c);
      state.apply(*marker);
    }
  }
  return any;
}

// The history up to each task gives what was recorded after it, if what was not done inside of the task is known.
void expect_same_again(const std::vector<event>& history, const std::vector<boundary>& boundaries,
                       bool of_steps_alone = false) {
  const auto comparable = [&](const command& c) {
    return of_steps_alone ? is_of_a_step(c) : leaves_a_trace(c);
  };
  for (const boundary& b : boundaries) {
    run_state state = fold(std::span(history).first(b.events));
    std::set<std::string> elsewhere;
    std::vector<command> said, recorded;
    while (work_inside(history, b, state, elsewhere, said)) continue;
    for (const command& c : decide(state, elsewhere)) said.push_back(c);
    std::erase_if(said, [&](const command& c) { return !comparable(c); });
    std::copy_if(b.recorded.begin(), b.recorded.end(), std::back_inserter(recorded), comparable);
    for (auto* all : {&said, &recorded}) {
      for (command& c : *all) {
        if (is_of_a_step(c)) c.text.clear();  // of the end, what a history does not show
      }
    }
    EXPECT_EQ(said, recorded) << "after event " << b.events;
  }
}

// An answer is what stands between a task and the next one.
std::vector<boundary> boundaries_of(const std::vector<event>& history) {
  std::vector<boundary> out;
  std::map<std::int64_t, std::string> steps;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const event& e = history[i];
    const std::string step = e.name.substr(0, e.name.rfind('/'));
    if (e.kind == event_kind::task_started) out.push_back({i + 1, {}});
    if (e.kind == event_kind::step_scheduled) steps[e.id] = step;
    if (out.empty()) continue;
    auto& recorded = out.back().recorded;
    switch (e.kind) {
      case event_kind::task_timed_out:
      case event_kind::task_failed: out.pop_back(); break;
      case event_kind::step_done: recorded.push_back({command::kind::run_here, e.name, {}, {}, {}, 0}); break;
      case event_kind::step_scheduled:
        recorded.push_back({command::kind::schedule, step, e.name, e.queue, {}, 0});
        break;
      case event_kind::step_cancel_asked:
        recorded.push_back({command::kind::cancel_step, steps.at(e.refers), {}, {}, {}, e.refers});
        break;
      case event_kind::phase_told:
        recorded.push_back({command::kind::tell_phase, {}, {}, {}, e.text, 0});
        break;
      case event_kind::went_on:
        recorded.push_back({command::kind::continue_as_new, {}, {}, {}, to_text(input_from(e.text)), 0});
        break;
      case event_kind::completed: recorded.push_back({command::kind::complete, {}, {}, {}, e.text, 0}); break;
      case event_kind::cancelled: recorded.push_back({command::kind::cancelled, {}, {}, {}, {}, 0}); break;
      default: break;
    }
  }
  return out;
}

}  // namespace

// covers: T6, T7
TEST(any_history, comes_to_one_end_and_gives_the_same_commands_again) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    fake_server server(diamond, seed);
    ASSERT_NO_THROW(server.run());
    ASSERT_EQ(server.last_words().size(), 1U);
    expect_same_again(server.history(), server.boundaries());
    const bool stopped = std::any_of(server.history().begin(), server.history().end(),
                                     [](const event& e) { return e.kind == event_kind::cancel_asked; });
    if (server.last_words().front().what == command::kind::complete && !stopped) {
      for (const input_step& s : diamond.steps) EXPECT_TRUE(server.ended().contains(s.name)) << s.name;
    }
    EXPECT_TRUE(server.ended().contains(std::string(end_step)));
    if (::testing::Test::HasFailure()) return;
  }
}

// covers: T6
TEST(any_history, lets_no_step_begin_before_those_that_it_waits_for) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    fake_server server(diamond, seed);
    ASSERT_NO_THROW(server.run());
    std::set<std::string> over;
    std::map<std::int64_t, std::string> scheduled;
    for (const event& e : server.history()) {
      if (e.kind == event_kind::step_done) over.insert(e.name);
      if (e.kind == event_kind::step_completed) over.insert(scheduled.at(e.refers));
      if (e.kind != event_kind::step_scheduled) continue;
      const std::string step = e.name.substr(0, e.name.rfind('/'));
      scheduled[e.id] = step;
      for (const input_step& s : diamond.steps) {
        if (s.name != step) continue;
        for (const std::string& before : s.after) EXPECT_TRUE(over.contains(before)) << seed << ": " << step;
      }
    }
  }
}

// A program that says something else of a history than what stands there must not be shipped.
// covers: T7
TEST(kept_histories, give_the_commands_that_stand_in_them) {
  int found = 0;
  std::set<event_kind> kinds;
  for (const auto& file :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/unit/temporal/histories")) {
    SCOPED_TRACE(file.path());
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::vector<event> history = read_history(text.str());
    expect_same_again(history, boundaries_of(history), !shows_more_than_steps(history));
    ++found;
    for (const event& e : history) kinds.insert(e.kind);
  }
  EXPECT_GE(found, 3);
  for (const auto kind :
       {event_kind::phase_told, event_kind::went_on, event_kind::completed, event_kind::cancelled})
    EXPECT_TRUE(kinds.contains(kind)) << to_line({0, kind, {}, {}, {}, 0, false});
}

}  // namespace sluice::durable::test
