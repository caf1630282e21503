// When pages are committed: soon, also while a lone slow read goes on; together, where that costs nobody time.
#include <gtest/gtest.h>

#include "one_run.hpp"
#include "support/faulty_session.hpp"
#include "support/memory_store.hpp"

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

TEST(a_lone_slow_read, is_committed_page_by_page_and_not_at_its_end) {
  world w(1);
  testing::memory_store store([&] { return w.now_us(); });
  store.migrate();
  const auto session = store.open_session(), looking = store.open_session();
  one_run alone(w);
  direct_gate gate(*session, alone.clock, 1'000);
  slow_reader reader(alone.clock, [&] {
    const auto row = looking->show_run("run-1");
    return row->stages.empty() ? 0 : row->stages.front().pages;
  });
  engine::run_plan plan;
  plan.stages.push_back({.name = "s", .entry = "e", .root_vars = "{}"});
  plan.steps = engine::group_steps(plan.stages);
  ASSERT_EQ(alone.play(*session, gate, reader, plan, "run-1", {"s"}), engine::run_state::succeeded);
  ASSERT_EQ(reader.stored().size(), last_page);
  // A page waits at most for the linger and the store: the one before the last is there.
  for (std::size_t n = 2; n < reader.stored().size(); ++n) {
    EXPECT_GE(reader.stored()[n], static_cast<std::int64_t>(n) - 1) << "when page " << n << " was asked for";
  }
}

// One page a stage, after as long as it says; the second stage's last.
class two_readers final : public engine::reader_port {
 public:
  two_readers(engine::clock_port& clock, std::int64_t second_us) : clock_(clock), second_us_(second_us) {}

  awaitable<engine::page> read(const engine::read_request& request) override {
    co_await clock_.sleep(request.stage == "first" ? 50'000 : second_us_, *request.stop);
    engine::page p;
    p.records = {1, 0, 1, 0};
    p.requested_at_us = clock_.now_us();
    p.end = true;
    co_return p;
  }

 private:
  engine::clock_port& clock_;
  std::int64_t second_us_;
};

// The pages of each commit, where a second step is read for `second_us` and work waits for the store for `waits_us`.
std::vector<std::size_t> commits_of_two_steps(std::int64_t second_us, std::int64_t waits_us) {
  world w(1);
  testing::memory_store store([&] { return w.now_us(); });
  store.migrate();
  const auto inner = store.open_session();
  std::vector<std::size_t> pages;
  testing::sized_session session(
      *inner, [](const char*) { return testing::fault::none; }, [&](std::size_t n) { pages.push_back(n); });
  one_run alone(w);
  direct_gate gate(session, alone.clock, 1'000, waits_us);
  two_readers reader(alone.clock, second_us);
  engine::run_plan plan;
  for (const char* name : {"first", "second"})
    plan.stages.push_back({.name = name, .entry = "e", .root_vars = "{}"});
  plan.steps = engine::group_steps(plan.stages);
  EXPECT_EQ(alone.play(session, gate, reader, plan, "run-1", {"first", "second"}),
            engine::run_state::succeeded);
  return pages;
}

using sizes = std::vector<std::size_t>;

TEST(steps_beside_each_other, are_committed_together_when_they_end_together) {
  EXPECT_EQ(commits_of_two_steps(60'000, 0), sizes{2});
}

TEST(steps_beside_each_other, wait_little_for_each_other_where_the_store_has_time) {
  EXPECT_EQ(commits_of_two_steps(150'000, 0), (sizes{1, 1}));
}

TEST(steps_beside_each_other, wait_longer_for_each_other_where_work_waits_for_the_store) {
  EXPECT_EQ(commits_of_two_steps(150'000, 10'000), sizes{2});
}

TEST(steps_beside_each_other, never_wait_for_one_that_hangs) {
  EXPECT_EQ(commits_of_two_steps(1'000'000, 10'000'000), (sizes{1, 1}));
}

}  // namespace
}  // namespace sluice::sim
