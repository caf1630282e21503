// A page that is read again may end elsewhere than it said the first time: what was read ahead is of no use then.
#include <gtest/gtest.h>

#include "one_run.hpp"
#include "support/memory_store.hpp"

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

// covers: P1, P6
TEST(read_ahead, is_dropped_when_the_page_read_again_ends_elsewhere) {
  world w(1);
  testing::memory_store store([&] { return w.now_us(); });
  store.migrate();
  const auto session = store.open_session();
  one_run alone(w);
  direct_gate gate(*session, alone.clock);
  moving_reader reader(alone.clock);
  engine::run_plan plan;
  plan.stages.push_back({.name = "s", .entry = "e", .root_vars = "{}", .rejects = {1.0, 10}});
  plan.steps = engine::group_steps(plan.stages);
  ASSERT_TRUE(alone.play(*session, gate, reader, plan, "run-1", {"s"}));
  EXPECT_EQ(reader.asked(), (std::vector<std::string>{"", "6", "", "5"}));
  const auto rejects = session->list_rejects("acme", "run-1", 10);
  ASSERT_EQ(rejects.size(), 1U);
  EXPECT_EQ(rejects.front().what.reason, "read from 5");
}

}  // namespace
}  // namespace sluice::sim
