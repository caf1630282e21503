// A batch that waits for a thread of the store: what is added to it, and until when.
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/batch_gate.hpp"

namespace sluice::engine {

TEST(batch_door, is_open_until_it_is_shut) {
  batch_door door;
  ASSERT_TRUE(door.hold());
  door.let_go();
  ASSERT_TRUE(door.hold());
  door.let_go();
  door.shut();
  ASSERT_FALSE(door.hold());
  door.shut();  // a batch that is tried again
  EXPECT_FALSE(door.hold());
}

// Run under the thread sanitizer it says whether what was added is seen.
TEST(batch_door, who_shuts_it_sees_all_that_was_added) {
  for (int round = 0; round < 200; ++round) {
    batch_door door;
    std::vector<int> pages;
    std::size_t seen = 0;
    std::thread store([&] {
      door.shut();
      seen = pages.size();
    });
    std::size_t added = 0;
    while (added < 100'000 && door.hold()) {
      pages.push_back(round);
      ++added;
      door.let_go();
    }
    store.join();
    EXPECT_EQ(seen, added);
  }
}

}  // namespace sluice::engine
