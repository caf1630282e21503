// Following a run through its store: by looks at intervals, told once a change, however the store is.
#include <exception>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "host/watch.hpp"
#include "support/memory_store.hpp"

namespace sluice::host {

namespace {

constexpr const char* run_id = "00000000-0000-4000-8000-000000000001";

// Time that passes by sleeping alone; between two looks the world moves on.
class stepping_clock final : public engine::clock_port {
 public:
  [[nodiscard]] std::int64_t now_us() const override { return now; }
  [[nodiscard]] std::int64_t steady_us() const override { return now; }
  boost::asio::awaitable<void> sleep(std::int64_t us, engine::stop_source&) override {
    now += us;
    slept.push_back(us);
    if (between) between(static_cast<int>(slept.size()));
    co_return;
  }
  std::int64_t now = 1'000'000;
  std::vector<std::int64_t> slept;
  std::function<void(int)> between;
};

struct watching : ::testing::Test {
  void SetUp() override {
    store.migrate();
    session = store.open_session();
    engine::run_request r;
    r.run_id = run_id;
    r.tenant = "acme";
    r.pipeline = "p";
    r.plan = "{}";
    lease = session->start_run(r, {});
    ask.run_id = run_id;
    ask.open = [this] { return store.open_session(); };
    ask.on_change = [this](const engine::run_row& run) { told.push_back(run.state); };
  }

  engine::run_row watch() {
    boost::asio::io_context context;
    std::exception_ptr failed;
    engine::run_row out;
    boost::asio::co_spawn(context, watch_run(ask, clock, stop),
                          [&](std::exception_ptr error, engine::run_row run) {
                            failed = std::move(error);
                            out = std::move(run);
                          });
    context.run();
    if (failed) std::rethrow_exception(failed);
    return out;
  }

  testing::memory_store store;
  std::unique_ptr<engine::session> session;
  engine::run_lease lease;
  stepping_clock clock;
  engine::stop_source stop;
  watch_ask ask;
  std::vector<engine::run_state> told;
};

}  // namespace

TEST_F(watching, tells_each_change_once_and_ends_with_the_run) {
  clock.between = [&](int look) {
    if (look == 3) session->mark_running(run_id, lease.epoch);
    if (look == 6) (void)session->finish_run(run_id, lease.epoch, false, "", "");
  };
  EXPECT_EQ(watch().state, engine::run_state::succeeded);
  EXPECT_EQ(told, (std::vector{engine::run_state::queued, engine::run_state::running,
                               engine::run_state::succeeded}));
  EXPECT_EQ(clock.slept, std::vector<std::int64_t>(6, ask.interval_us)) << "a look at each interval, no more";
}

TEST_F(watching, an_ended_run_needs_no_wait) {
  (void)session->finish_run(run_id, lease.epoch, true, "", "");
  EXPECT_EQ(watch().state, engine::run_state::cancelled);
  EXPECT_TRUE(clock.slept.empty());
}

TEST_F(watching, waits_for_a_store_that_is_away_but_not_for_ever) {
  int calls = 0;
  const auto away = [&]() -> std::unique_ptr<engine::session> {
    throw engine::failure(engine::failure_class::transient, "SLU-5012", "away");
  };
  ask.open = [&] { return ++calls < 4 ? away() : store.open_session(); };
  clock.between = [&](int look) {
    if (look == 5) (void)session->finish_run(run_id, lease.epoch, false, "", "");
  };
  EXPECT_EQ(watch().state, engine::run_state::succeeded);

  ask.open = away;
  ask.patience_us = 3 * ask.interval_us;
  clock.slept.clear();
  clock.between = {};
  EXPECT_THROW((void)watch(), engine::failure);
  EXPECT_EQ(clock.slept.size(), 3U);
}

TEST_F(watching, stops_when_it_is_told_to) {
  clock.between = [&](int look) {
    if (look == 2) stop.stop(engine::failure(engine::failure_class::cancelled, "SLU-6001", "enough"));
  };
  EXPECT_EQ(watch().state, engine::run_state::queued);
  EXPECT_EQ(clock.slept.size(), 2U);
}

TEST_F(watching, an_unknown_run_is_an_error) {
  ask.run_id = "00000000-0000-4000-8000-00000000000f";
  EXPECT_THROW((void)watch(), engine::failure);
}

}  // namespace sluice::host
