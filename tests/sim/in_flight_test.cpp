// However slow the store is, a crash costs no more than the limits of a batch: what is read and not committed is bounded.
#include <gtest/gtest.h>

#include <algorithm>

#include "one_run.hpp"
#include "support/memory_store.hpp"

namespace sluice::sim {
namespace {

using boost::asio::awaitable;

constexpr int pages = 100;
constexpr std::size_t page_bytes = 1U << 20;

// Pages of a MiB, as fast as they are asked for; remembers how many were read and not committed at most.
class quick_reader final : public engine::reader_port {
 public:
  quick_reader(engine::clock_port& clock, engine::session& session) : clock_(clock), session_(session) {}

  awaitable<engine::page> read(const engine::read_request& request) override {
    const int number = request.page_state.empty() ? 0 : std::stoi(request.page_state);
    most_ = std::max(most_, number + 1 - committed());
    engine::page p;
    p.requested_at_us = clock_.now_us();
    p.bytes = page_bytes;
    p.records.records = p.records.filtered = 1;
    p.end = number + 1 == pages;
    if (!p.end) p.next_state = std::to_string(number + 1);
    if (!p.end) request.on_next(p.next_state);
    co_return p;
  }
  [[nodiscard]] int most() const { return most_; }

 private:
  [[nodiscard]] int committed() const {
    const auto row = session_.show_run("run-1");
    return row && !row->stages.empty() ? static_cast<int>(row->stages.front().pages) : 0;
  }

  engine::clock_port& clock_;
  engine::session& session_;
  int most_ = 0;
};

// covers: P3
TEST(in_flight, is_one_batch_and_what_is_being_read_however_slow_the_store_is) {
  world w(1);
  testing::memory_store store([&] { return w.now_us(); });
  store.migrate();
  const auto session = store.open_session();
  one_run alone(w);
  direct_gate gate(*session, alone.clock, 1'000'000);
  quick_reader reader(alone.clock, *session);
  engine::run_plan plan;
  plan.stages.push_back({.name = "s", .entry = "e", .root_vars = "{}"});
  plan.steps = engine::group_steps(plan.stages);
  EXPECT_EQ(alone.play(*session, gate, reader, plan, "run-1", {"s"}), engine::run_state::succeeded);
  // One page that waits for room, and the one that is read ahead of the item.
  const int batch = static_cast<int>(engine::batch_limits{}.bytes / page_bytes);
  EXPECT_LE(reader.most(), batch + 2);
  EXPECT_GT(reader.most(), 2) << "pages are read while others are committed";
}

}  // namespace
}  // namespace sluice::sim
