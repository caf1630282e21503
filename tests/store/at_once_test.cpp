// One store asked by many threads at once, as a host does. The thread sanitizer looks at it too: see tests/threads.
#include <latch>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>

#include "store/harness.hpp"

namespace sluice::testing {

namespace {

constexpr int threads = 8, rounds = 12;

class at_once : public conformance {
 protected:
  // What each of them threw.
  static std::vector<std::string> on_all_threads(const std::function<void()>& work) {
    std::vector<std::string> failed;
    std::mutex mutex;
    std::latch together(threads);
    std::vector<std::thread> all;
    for (int n = 0; n < threads; ++n) {
      all.emplace_back([&] {
        together.arrive_and_wait();
        const std::string why = refusal_text([&] {
          for (int round = 0; round < rounds; ++round) work();
        });
        if (why.empty()) return;
        const std::lock_guard lock(mutex);
        failed.push_back(why);
      });
    }
    for (std::thread& t : all) t.join();
    return failed;
  }
};

// A store in memory is one thread's.
std::vector<backend> stores_of_hosts() {
  std::vector<backend> out = backends();
  std::erase_if(out, [](const backend& b) { return b.name == "memory"; });
  return out;
}

}  // namespace

TEST_P(at_once, sessions_are_opened_and_asked_while_the_store_is_described) {
  const auto failed = on_all_threads([this] {
    const auto own = store().open_session();
    EXPECT_TRUE(own->show_run(run_id(1)).has_value());
    EXPECT_EQ(own->list_runs({}).size(), 1U);
    EXPECT_EQ(store().describe().streams.size(), all_streams().size());
    store().check_version();
    EXPECT_GT(store().now_us(), 0);
  });
  EXPECT_THAT(failed, ::testing::IsEmpty());
}

// As a host does that reads its manifests again.
TEST_P(at_once, tables_are_looked_after_while_sessions_are_opened) {
  const auto failed = on_all_threads([this] {
    EXPECT_EQ(store().migrate().to, store::schema_version);
    EXPECT_THAT(store().ensure_streams("tests", "1.0.0", all_streams()), ::testing::IsEmpty());
    EXPECT_TRUE(store().open_session()->show_run(run_id(1)).has_value());
  });
  EXPECT_THAT(failed, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(every_host_store, at_once, ::testing::ValuesIn(stores_of_hosts()),
                         [](const auto& b) { return b.param.name; });

}  // namespace sluice::testing
