// Sessions for questions: no more at once than there may be, given back whatever happens, and not used again when their
// connection may have failed.
#include "store/session_pool.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/memory_store.hpp"

namespace sluice::store {

namespace {

class counted final : public store {
 public:
  migration_result migrate() override { return inner_.migrate(); }
  void check_version() override {}
  std::vector<std::string> ensure_streams(const std::string&, const std::string&,
                                          const std::vector<stream_schema>&) override {
    return {};
  }
  std::unique_ptr<engine::session> open_session() override {
    ++opened;
    if (refuses.exchange(false)) throw std::runtime_error("no connection");
    return inner_.open_session();
  }
  store_description describe() override { return inner_.describe(); }
  int writers() const override { return 1; }

  std::atomic<int> opened = 0;
  std::atomic<bool> refuses = false;

 private:
  testing::memory_store inner_;
};

int three(engine::session&) { return 3; }

}  // namespace

TEST(session_pool, has_as_many_as_are_asked_at_once_up_to_its_bound) {
  counted store;
  session_pool asked(store, 2);
  std::promise<void> both, go;
  const std::shared_future<void> may_go = go.get_future().share();
  std::atomic<int> inside = 0, most = 0;
  const auto question = [&](engine::session&) {
    const int now = ++inside;
    for (int m = most; now > m && !most.compare_exchange_weak(m, now);) continue;
    if (now == 2) both.set_value();
    may_go.wait();
    return --inside;
  };
  std::vector<std::future<int>> all;
  const auto ask = [&] {
    all.push_back(std::async(std::launch::async, [&] { return asked.with(question); }));
  };
  ask();
  ask();
  both.get_future().wait();
  auto third = std::async(std::launch::async, [&] { return asked.with(three); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  go.set_value();
  for (auto& f : all) f.get();
  EXPECT_EQ(third.get(), 3);
  EXPECT_EQ(most, 2) << "they are asked side by side";
  EXPECT_EQ(store.opened, 2) << "and kept for the next ones";
}

TEST(session_pool, gives_back_the_room_of_a_question_that_fails_and_of_an_opening_that_does) {
  counted store;
  session_pool asked(store, 1);
  store.refuses = true;
  const auto fails = [](engine::session&) -> int { throw std::runtime_error("no answer"); };
  EXPECT_THROW(asked.with(three), std::runtime_error);
  EXPECT_THROW(asked.with(fails), std::runtime_error);
  EXPECT_EQ(asked.with(three), 3);
  EXPECT_EQ(store.opened, 2);
}

// covers: P14
TEST(session_pool, lets_go_a_session_whose_connection_may_have_failed) {
  using engine::failure_class;
  counted store;
  session_pool asked(store, 1);
  const auto failing_as = [&](failure_class how) {
    EXPECT_THROW(asked.with([how](engine::session&) -> int { throw engine::failure(how, "SLU-5012", "no"); }),
                 engine::failure);
    EXPECT_EQ(asked.with(three), 3);
    return store.opened.exchange(0);
  };
  EXPECT_EQ(asked.with(three), 3);
  EXPECT_EQ(store.opened.exchange(0), 1);
  for (const failure_class answered : {failure_class::not_found, failure_class::invalid})
    EXPECT_EQ(failing_as(answered), 0) << "the store has answered";
  for (const failure_class lost :
       {failure_class::transient, failure_class::internal, failure_class::in_doubt})
    EXPECT_EQ(failing_as(lost), 1);
}

}  // namespace sluice::store
