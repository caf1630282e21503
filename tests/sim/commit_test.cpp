// When pages are committed: soon, also while a lone slow read goes on.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/run.hpp"
#include "support/memory_store.hpp"
#include "world.hpp"

namespace sluice::sim {
namespace {

using boost::asio::awaitable;

constexpr int last_page = 10;

// One item, page by page, 50 ms each; remembers how much was in the store when a page was asked for.
class slow_reader final : public engine::reader_port {
 public:
  slow_reader(engine::clock_port& clock, std::function<std::int64_t()> committed)
      : clock_(clock), committed_(std::move(committed)) {}

  awaitable<engine::page> read(const engine::read_request& request) override {
    stored_.push_back(committed_());
    co_await clock_.sleep(50'000, *request.stop);
    engine::page p;
    p.records = {1, 0, 1, 0};
    p.requested_at_us = clock_.now_us();
    p.next_state = std::to_string(stored_.size());
    p.end = stored_.size() == last_page;
    co_return p;
  }
  [[nodiscard]] const std::vector<std::int64_t>& stored() const { return stored_; }

 private:
  engine::clock_port& clock_;
  std::function<std::int64_t()> committed_;
  std::vector<std::int64_t> stored_;
};

// A store that answers after a millisecond.
class direct_gate final : public engine::store_port {
 public:
  direct_gate(engine::session& s, engine::clock_port& clock) : session_(s), clock_(clock) {}
  awaitable<void> execute(engine::turn, std::function<void(engine::session&)> work) override {
    co_await clock_.sleep(1'000, never_);
    work(session_);
  }

 private:
  engine::session& session_;
  engine::clock_port& clock_;
  engine::stop_source never_;
};

TEST(a_lone_slow_read, is_committed_page_by_page_and_not_at_its_end) {
  world w(1);
  boost::asio::io_context context(1);
  virtual_clock clock(w, context.get_executor());
  virtual_random random(w);
  testing::memory_store store([&] { return w.now_us(); });
  store.migrate();
  const auto session = store.open_session(), looking = store.open_session();
  direct_gate gate(*session, clock);

  engine::run_request request;
  request.run_id = "run-1", request.tenant = "acme", request.pipeline = "p", request.plan = "{}";
  const auto lease = session->start_run(request, [](const engine::holder&) { return false; });
  slow_reader reader(clock, [&] {
    const auto row = looking->show_run("run-1");
    return row->stages.empty() ? 0 : row->stages.front().pages;
  });
  engine::run_plan plan;
  plan.stages.push_back({.name = "s", .entry = "e", .root_vars = "{}"});
  plan.steps = engine::group_steps(plan.stages);
  const auto run = std::make_shared<engine::run>(
      engine::run_identity{"run-1", "acme", "p", "c", lease.epoch}, plan,
      engine::run_ports{gate, reader, clock, random, context.get_executor()}, engine::run_options{});
  run->start();
  std::optional<engine::run_state> state;
  boost::asio::co_spawn(
      context,
      [&]() -> awaitable<void> {
        co_await run->run_step("s", {});
        state = co_await run->finish();
      },
      boost::asio::detached);
  while (!state) {
    context.restart();
    if (context.poll() == 0 && !w.advance()) break;
  }
  ASSERT_EQ(state, engine::run_state::succeeded);
  ASSERT_EQ(reader.stored().size(), last_page);
  // A page waits at most for the linger and the store: the one before the last is there.
  for (std::size_t n = 2; n < reader.stored().size(); ++n) {
    EXPECT_GE(reader.stored()[n], static_cast<std::int64_t>(n) - 1) << "when page " << n << " was asked for";
  }
}

}  // namespace
}  // namespace sluice::sim
