// Who is due, and when. By the memory store's clock, which a test moves.
#include "host/schedule.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "host/retention.hpp"
#include "support/memory_store.hpp"

namespace sluice::host {

namespace {

constexpr std::int64_t minute = 60'000'000, every = 15 * minute;

struct tenants_of : ::testing::Test {
  tenants_of() { store_.migrate(); }
  // A whole run of a tenant, begun now.
  void run(const std::string& tenant) {
    engine::run_request r;
    r.run_id = "run-" + std::to_string(++runs_);
    r.tenant = tenant;
    r.pipeline = "p";
    r.plan = "{}";
    const auto lease = session_->start_run(r, {});
    session_->finish_run(lease.run_id, lease.epoch, false, "", "");
  }
  [[nodiscard]] std::set<std::string> due(std::size_t limit = 10'000) {
    std::set<std::string> out;
    for (const auto& t : due_now(*session_, "p", every, limit)) out.insert(t.tenant);
    return out;
  }

  std::int64_t now_ = 1'700'000'000'000'000;
  testing::memory_store store_{[this] { return now_; }};
  std::unique_ptr<engine::session> session_ = store_.open_session();
  int runs_ = 0;
};

}  // namespace

TEST(schedule, a_tenant_is_due_after_the_interval_and_not_much_later) {
  std::set<std::int64_t> offsets;
  for (int n = 0; n < 400; ++n) {
    const std::int64_t late =
        due_at_us("t" + std::to_string(n), 1'700'000'000'000'000, every) - (1'700'000'000'000'000 + every);
    ASSERT_GE(late, 0) << "never while its last run is younger than that";
    ASSERT_LE(late, every / 4);
    offsets.insert(late / (every / 40));
  }
  EXPECT_EQ(offsets.size(), 10U) << "spread over all of it";
}

TEST(schedule, all_hosts_agree_and_the_next_interval_is_another_draw) {
  const std::int64_t last = 1'700'000'000'000'000;
  EXPECT_EQ(due_at_us("acme", last, every), due_at_us("acme", last, every));
  EXPECT_NE(due_at_us("acme", last, every) - last, due_at_us("acme", last + every, every) - last - every);
  EXPECT_EQ(due_at_us("acme", last, every), 1'700'000'900'000'000 + 62'229'923) << "in every version";
}

TEST(schedule, hosts_look_at_different_times) {
  std::set<std::int64_t> paces;
  for (std::uint64_t host = 0; host < 20; ++host) {
    const std::int64_t pace = look_again_us(every, host);
    EXPECT_GE(pace, every / 20 * 3 / 4);
    EXPECT_LE(pace, every / 20 * 5 / 4);
    paces.insert(pace);
  }
  EXPECT_EQ(paces.size(), 20U);
}

TEST_F(tenants_of, only_those_are_due_whose_last_run_is_old) {
  run("acme");
  now_ += every / 2;
  run("bolt");
  EXPECT_TRUE(due().empty());
  now_ += every / 2 + every / 4;
  EXPECT_EQ(due(), (std::set<std::string>{"acme"}));
  run("acme");  // a sign-in came first
  EXPECT_TRUE(due().empty());
}

TEST_F(tenants_of, more_than_a_page_of_them) {
  for (int n = 0; n < 1'200; ++n) run("t" + std::to_string(n));
  now_ += every + every / 4 + 1;
  EXPECT_EQ(due().size(), 1'200U);
  EXPECT_EQ(due(7).size(), 7U);
}

TEST_F(tenants_of, retention_goes_on_until_it_is_told_to_stop) {
  for (int n = 0; n < 300; ++n) run("acme");
  now_ += 100LL * 24 * 3600 * 1'000'000;
  int batches = 0;
  const auto ask = [&](const engine::retention_request& r) {
    ++batches;
    return session_->retain(r);
  };
  retention_counts some = run_retention(retention_ages{}, ask, [&] { return batches >= 1; });
  EXPECT_EQ(batches, 1);
  const retention_counts all = run_retention(retention_ages{}, ask, [] { return false; });
  EXPECT_EQ(all.at("runs"), 300);
  EXPECT_TRUE(run_retention(retention_ages{}, ask, [] { return false; }).empty());
}

}  // namespace sluice::host
