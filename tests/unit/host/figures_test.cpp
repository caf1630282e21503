// Rates, durations and errors of runs that are over.
#include "host/figures.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::host {
namespace {

using engine::ended_run;
using engine::phase;
using engine::run_state;
using engine::stage_state;

constexpr std::int64_t ms = 1'000;

// Made at 1 s; its essential stage takes from 1.1 s to 1.3 s, its other one from 1.3 s to 2 s.
ended_run run(run_state state = run_state::succeeded, const std::string& failed = {}) {
  ended_run out;
  out.state = state;
  out.created_us = 1'000 * ms;
  out.essential_us = 1'300 * ms;
  out.ended_us = 2'000 * ms;
  out.stages = {
      {"entities.users", phase::essential, stage_state::complete, 1'100 * ms, 1'300 * ms, 4, 1, {}},
      {"credits.grants", phase::background, stage_state::complete, 1'300 * ms, 2'000 * ms, 2, 0, {}}};
  for (auto& s : out.stages) {
    if (s.stage != failed) continue;
    s.state = stage_state::failed;
    s.error_code = "SLU-3134";
  }
  return out;
}

TEST(figures, a_percentile_is_a_value_that_was_seen) {
  durations d;
  EXPECT_EQ(d.percentile_us(50), 0);
  for (const int us : {40, 10, 30, 20}) d.add(us);
  EXPECT_EQ(d.percentile_us(50), 20);
  EXPECT_EQ(d.percentile_us(51), 30);
  EXPECT_EQ(d.percentile_us(95), 40);
  EXPECT_EQ(d.percentile_us(1), 10);
  EXPECT_EQ(d.average_us(), 25);
  d.add(1'000);
  EXPECT_EQ(d.percentile_us(100), 1'000) << "and what comes later counts too";
  d.add(-5);
  EXPECT_EQ(d.percentile_us(1), 0) << "a clock that went back takes nothing away";
}

TEST(figures, phases_are_measured_as_who_waits_for_them_sees_them) {
  figures f;
  add_run(f, run());
  EXPECT_EQ(f.essential.average_us(), 300 * ms);
  EXPECT_EQ(f.background.average_us(), 700 * ms);
  EXPECT_EQ(f.whole.average_us(), 1'000 * ms);
  EXPECT_EQ(f.requests, 6);
  EXPECT_EQ(f.retries, 1);
  ended_run background = run();
  background.stages.erase(background.stages.begin());
  background.essential_us = 0;
  add_run(f, background);
  EXPECT_EQ(f.essential.count(), 1);
  EXPECT_EQ(f.background.percentile_us(100), 1'000 * ms) << "without an essential phase: all of it";
}

TEST(figures, a_run_has_failed_when_something_in_it_has) {
  figures f;
  EXPECT_FALSE(f.failure_rate());
  add_run(f, run());
  add_run(f, run(run_state::partial));
  EXPECT_EQ(f.failure_rate(), 0.0) << "rejects are no failure";
  add_run(f, run(run_state::partial, "credits.grants"));
  add_run(f, run(run_state::failed));
  add_run(f, run(run_state::cancelled));
  EXPECT_EQ(f.failure_rate(), 0.5) << "of those that nobody has cancelled";
  EXPECT_EQ(f.errors, (std::map<std::string, std::int64_t>{{"SLU-3134", 1}}));
  EXPECT_EQ(f.states[run_state::partial], 2);
}

TEST(figures, what_ended_the_run_is_an_error_of_its_own) {
  figures f;
  ended_run r = run(run_state::failed, "entities.users");
  r.error_code = "SLU-3134";
  add_run(f, r);
  r.error_code = "SLU-6002";
  add_run(f, r);
  EXPECT_EQ(f.errors, (std::map<std::string, std::int64_t>{{"SLU-3134", 2}, {"SLU-6002", 1}}));
}

TEST(figures, a_domain_has_what_its_own_stages_did) {
  const ended_run r = run(run_state::partial, "credits.grants");
  EXPECT_EQ(entries_of(r), (std::vector<std::string>{"credits", "entities"}));
  EXPECT_TRUE(has_failed(r, "credits"));
  EXPECT_FALSE(has_failed(r, "entities"));
  figures credits, entities;
  add_domain(credits, r, "credits");
  add_domain(entities, r, "entities");
  EXPECT_EQ(credits.failed, 1);
  EXPECT_EQ(entities.failed, 0);
  EXPECT_EQ(entities.essential.average_us(), 200 * ms);
  EXPECT_EQ(entities.background.count(), 0);
  EXPECT_EQ(credits.background.average_us(), 700 * ms);
  EXPECT_EQ(credits.requests, 2);
  EXPECT_TRUE(entities.errors.empty());
}

TEST(figures, a_phase_has_the_runs_that_had_it) {
  figures essential, background;
  for (const ended_run& r : {run(), run(run_state::partial, "credits.grants")}) {
    add_phase(essential, r, phase::essential);
    add_phase(background, r, phase::background);
  }
  EXPECT_EQ(essential.runs, 2);
  EXPECT_EQ(essential.failed, 0);
  EXPECT_EQ(background.failed, 1);
  EXPECT_EQ(background.whole.average_us(), 700 * ms);
  ended_run none = run();
  none.stages.clear();
  add_phase(essential, none, phase::essential);
  EXPECT_EQ(essential.runs, 2);
}

TEST(figures, as_data_they_are_in_milliseconds) {
  figures f;
  nlohmann::json nothing = to_json(f);
  EXPECT_TRUE(nothing["success_rate"].is_null());
  EXPECT_TRUE(nothing["essential_ms"].is_null());
  add_run(f, run(run_state::failed));
  const nlohmann::json some = to_json(f);
  EXPECT_EQ(some["success_rate"], 0.0);
  EXPECT_EQ(some["essential_ms"]["p95"], 300.0);
  EXPECT_EQ(some["states"]["failed"], 1);
}

}  // namespace
}  // namespace sluice::host
