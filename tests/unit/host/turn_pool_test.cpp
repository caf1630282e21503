// In which order pages are decoded: one thread, held until all have come.
#include "host/turn_pool.hpp"

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

}  // namespace sluice::host
