// What a runtime keeps in memory, and how runtimes of one process stand to each other.
#include <future>

#include <gtest/gtest.h>

#include "store/temp_folder.hpp"
#include "support/one_host.hpp"
#include "upstream/server.hpp"

namespace sluice::testing {

namespace {

constexpr auto never = [] { return false; };

class runtimes : public ::testing::Test {
 protected:
  runtimes() {
    setenv("RUNTIME_URL", upstream_.url().c_str(), 1);
    setenv("RUNTIME_TOKEN", "token-acme", 1);
  }

  [[nodiscard]] std::string manifest() const {
    return "sluice: 1\nname: runtimes\nstore: { uses: sqlite, path: \"" +
           (folder_.path() / "runtimes.db").string() + R"(" }
tenants: { acme: { secrets: { crm: "${secret:env:RUNTIME_TOKEN}" } } }
sources:
  crm: { uses: http, base_url: "${env:RUNTIME_URL}", auth: { bearer: "${tenant.secrets.crm}" } }
domains:
  entities: { uses: entities, reads: { users: { from: crm } } }
phases:
  essential: { deadline: 60s, fresh_for: 0s, sync: [ entities ] }
backends: { direct: { uses: direct } }
routing: { default: direct }
)";
  }

  // Nothing comes until they are lifted.
  void hold_back() {
    upstream_.data().set_faults(R"([{"match":{},"do":"status","status":429,"headers":{"Retry-After":"1"}}])");
  }
  void lift() { upstream_.data().set_faults("[]"); }

  temp_folder folder_;
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 40}}}};
};

// Empty: the run is at work there now.
std::string why_not_adopted(host::runtime& by, const std::string& run_id) {
  try {
    EXPECT_EQ(by.adopt(run_id), "running");
    return {};
  } catch (const plugin::error& e) {
    return e.code();
  }
}

}  // namespace

// covers: P16
TEST_F(runtimes, forget_runs_that_have_ended_once_nobody_waits_for_them) {
  one_host host(manifest(), host_times{.remember_us = 0});
  for (int n = 0; n < 3; ++n) {
    const auto answer = host.runtime().start({.tenant = "acme"});
    host.runtime().tend();
    EXPECT_EQ(host.runtime().remembered_runs(), 1U) << "a run that is under way was forgotten";
    const auto row = host.runtime().wait(answer.run_id, never);
    EXPECT_EQ(row->state, engine::run_state::succeeded) << row->error;
    host.runtime().tend();
    EXPECT_EQ(host.runtime().remembered_runs(), 0U);
    EXPECT_EQ(host.runtime().wait(answer.run_id, never)->run_id, answer.run_id) << "the store has it";
  }
}

// covers: P16
TEST_F(runtimes, remember_an_ended_run_until_who_asked_for_it_may_have_come) {
  one_host host(manifest());
  const auto answer = host.runtime().start({.tenant = "acme"});
  static_cast<void>(host.runtime().wait(answer.run_id, never));
  host.runtime().tend();
  EXPECT_EQ(host.runtime().remembered_runs(), 1U);
}

// covers: P16
TEST_F(runtimes, forget_what_they_joined_elsewhere) {
  hold_back();
  one_host first(manifest()), second(manifest(), first, host_times{.remember_us = 0});
  const auto answer = first.runtime().start({.tenant = "acme"});
  EXPECT_EQ(second.runtime().start({.tenant = "acme"}).run_id, answer.run_id);
  EXPECT_EQ(second.runtime().remembered_runs(), 1U);
  second.runtime().tend();
  EXPECT_EQ(second.runtime().remembered_runs(), 0U);
  lift();
  EXPECT_EQ(first.runtime().wait(answer.run_id, never)->state, engine::run_state::succeeded);
}

// One process, one holder: that it is alive says nothing of the runtime that had the run.
// covers: P9, P14
TEST_F(runtimes, go_on_with_what_another_of_their_process_has_left) {
  hold_back();
  one_host first(manifest(), host_times{.lease_us = 1'000'000});
  one_host second(manifest(), first, host_times{.lease_us = 1'000'000});
  const auto answer = first.runtime().start({.tenant = "acme"});
  ASSERT_EQ(second.runtime().start({.tenant = "acme"}).how, engine::run_lease::how::joined);
  first.runtime().leave();
  lift();
  int looks = 0;
  const auto row = second.runtime().wait(answer.run_id, [&] { return ++looks > 300; });
  ASSERT_TRUE(row.has_value()) << "nobody went on with it";
  EXPECT_EQ(row->state, engine::run_state::succeeded) << row->error;
}

// What a backend does whose steps may run on any host.
// covers: P8, P9, T4
TEST_F(runtimes, take_a_run_that_a_backend_brings_once_its_holder_is_gone) {
  hold_back();
  one_host first(manifest(), host_times{.lease_us = 1'000'000});
  one_host second(manifest(), first, host_times{.lease_us = 1'000'000});
  const std::string run = first.runtime().start({.tenant = "acme"}).run_id;
  EXPECT_EQ(why_not_adopted(first.runtime(), run), "") << "it is there already";
  EXPECT_EQ(why_not_adopted(second.runtime(), run), "SLU-6084") << "its holder lives";
  EXPECT_EQ(why_not_adopted(second.runtime(), "01a21750-0000-7000-8000-000000000000"), "SLU-6026");
  first.runtime().leave();
  lift();
  for (std::string why = "SLU-6084"; !why.empty();) {
    why = why_not_adopted(second.runtime(), run);
    ASSERT_TRUE(why.empty() || why == "SLU-6084") << why;
  }
  std::promise<plugin::step_outcome> step;
  second.runtime().run_step(run, R"({"name": "entities.users"})", {},
                            [&](plugin::step_outcome o, std::string_view) { step.set_value(o); });
  EXPECT_EQ(step.get_future().get(), plugin::step_outcome::ended);
  std::promise<std::string> end;
  second.runtime().finish_run(run, [&](std::string_view told) { end.set_value(std::string(told)); });
  EXPECT_EQ(end.get_future().get(), R"({"state":"succeeded"})");
  EXPECT_EQ(second.runtime().adopt(run), "succeeded") << "an end is told, not refused";
}

// covers: T10
TEST_F(runtimes, stop_a_run_on_word_from_outside) {
  hold_back();
  one_host host(manifest());
  const std::string run = host.runtime().start({.tenant = "acme"}).run_id;
  host.runtime().stop_run(run);
  EXPECT_EQ(host.runtime().wait(run, never)->state, engine::run_state::cancelled);
  EXPECT_THROW(host.runtime().stop_run("01a21750-0000-7000-8000-000000000000"), plugin::error);
}

}  // namespace sluice::testing
