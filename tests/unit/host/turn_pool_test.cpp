// In which order pages are decoded: one thread, held until all have come.
#include "host/turn_pool.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::host {

// covers: P11, P12
TEST(turn_pool, essential_pages_first_and_tenants_in_turns) {
  std::vector<std::string> order;
  std::promise<void> begun, go_on;
  turn_pool pool(1);
  pool.post({engine::urgency::background, "a"}, [&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  begun.get_future().wait();
  const auto note = [&](engine::urgency u, const char* tenant, const char* name) {
    pool.post({u, tenant}, [&order, name] { order.emplace_back(name); });
  };
  for (const char* name : {"a1", "a2", "a3"}) note(engine::urgency::background, "a", name);
  note(engine::urgency::background, "b", "b1");
  note(engine::urgency::essential, "c", "C1");
  go_on.set_value();
  pool.join();
  EXPECT_EQ(order, (std::vector<std::string>{"C1", "a1", "b1", "a2", "a3"}));
}

// covers: P12, G3
TEST(turn_pool, a_plugin_that_hangs_leaves_a_thread_to_the_others) {
  std::promise<void> go_on, done;
  const auto held = go_on.get_future().share();
  std::atomic<int> hanging = 0;
  turn_pool pool(3);
  for (int n = 0; n < 6; ++n) {
    pool.post(
        {engine::urgency::essential, "a"},
        [&] {
          ++hanging;
          held.wait();
        },
        "slow");
  }
  pool.post(
      {engine::urgency::essential, "b"}, [&] { done.set_value(); }, "fine");
  ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_LE(hanging, 2);
  go_on.set_value();
  pool.join();
  EXPECT_EQ(hanging, 6) << "none was forgotten";
}

}  // namespace sluice::host
