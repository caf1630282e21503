// A page that is read again may end elsewhere than it said the first time: what was read ahead is of no use then.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/run.hpp"
#include "support/memory_store.hpp"
#include "world.hpp"

namespace sluice::sim {
namespace {

using boost::asio::awaitable;
using engine::failure;

// The first page says that the next one begins at 6, and can't be decoded; a record was added meanwhile, and
// read again it ends at 5.
class moving_reader final : public engine::reader_port {
 public:
  explicit moving_reader(engine::clock_port& clock) : clock_(clock) {}

  awaitable<engine::page> read(const engine::read_request& request) override {
    asked_.push_back(request.page_state);
    co_await clock_.sleep(10'000, *request.stop);
    engine::page p;
    p.requested_at_us = clock_.now_us();
    p.end = !request.page_state.empty();
    p.records.records = p.records.mapped = 1;
    p.next_state = p.end ? "" : (++tries_ == 1 ? "6" : "5");
    if (!p.end) request.on_next(p.next_state);
    co_await clock_.sleep(10'000, *request.stop);
    if (!p.end && tries_ == 1)
      throw failure(engine::failure_class::transient, "SLU-3103", "the answer breaks off");
    if (p.end) p.rejects.push_back({0, "", "", "/", "read from " + request.page_state, "{}"});
    if (p.end) p.records.mapped = 0, p.records.rejected = 1;
    co_return p;
  }
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

 private:
  engine::clock_port& clock_;
  std::vector<std::string> asked_;
  int tries_ = 0;
};

class direct_gate final : public engine::store_port {
 public:
  explicit direct_gate(engine::session& s) : session_(s) {}
  awaitable<void> execute(engine::turn, std::function<void(engine::session&)> work) override {
    work(session_);
    co_return;
  }

 private:
  engine::session& session_;
};

// covers: P1, P6
TEST(read_ahead, is_dropped_when_the_page_read_again_ends_elsewhere) {
  world w(1);
  boost::asio::io_context context(1);
  virtual_clock clock(w, context.get_executor());
  virtual_random random(w);
  testing::memory_store store([&] { return w.now_us(); });
  store.migrate();
  const auto session = store.open_session();
  direct_gate gate(*session);
  engine::run_request request;
  request.run_id = "run-1", request.tenant = "acme", request.pipeline = "p", request.plan = "{}";
  const auto lease = session->start_run(request, [](const engine::holder&) { return false; });
  moving_reader reader(clock);
  engine::run_plan plan;
  plan.stages.push_back({.name = "s", .entry = "e", .root_vars = "{}", .rejects = {1.0, 10}});
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
  ASSERT_TRUE(state);
  EXPECT_EQ(reader.asked(), (std::vector<std::string>{"", "6", "", "5"}));
  const auto rejects = session->list_rejects("acme", "run-1", 10);
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_EQ(rejects.front().what.reason, "read from 5");
}

}  // namespace
}  // namespace sluice::sim
