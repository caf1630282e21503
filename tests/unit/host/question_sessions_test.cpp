// Sessions for questions: no more than the store has writers, and given back whatever happens.
#include "host/question_sessions.hpp"

#include <atomic>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/memory_store.hpp"

namespace sluice::host {

namespace {

class counted final : public sluice::store::store {
 public:
  explicit counted(int writers) : writers_(writers) {}
  sluice::store::migration_result migrate() override { return inner_.migrate(); }
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
  sluice::store::store_description describe() override { return inner_.describe(); }
  int writers() const override { return writers_; }

  std::atomic<int> opened = 0;
  std::atomic<bool> refuses = false;

 private:
  testing::memory_store inner_;
  int writers_;
};

}  // namespace

TEST(question_sessions, are_as_many_as_are_asked_at_once_up_to_the_writers) {
  counted store(2);
  question_sessions asked(store);
  std::promise<void> both, go;
  std::shared_future<void> may_go = go.get_future().share();
  std::atomic<int> inside = 0, most = 0;
  const auto question = [&](engine::session&) {
    const int now = ++inside;
    most = std::max<int>(most, now);
    if (now == 2) both.set_value();
    may_go.wait();
    --inside;
    return 1;
  };
  std::vector<std::future<int>> all;
  for (int n = 0; n < 2; ++n)
    all.push_back(std::async(std::launch::async, [&] { return asked.with(question); }));
  both.get_future().wait();
  for (int n = 0; n < 6; ++n)
    all.push_back(std::async(std::launch::async, [&] {
      return asked.with([&](engine::session&) {
        most = std::max<int>(most, ++inside);
        --inside;
        return 1;
      });
    }));
  go.set_value();
  for (auto& f : all) EXPECT_EQ(f.get(), 1);
  EXPECT_EQ(most, 2);
  EXPECT_EQ(store.opened, 2);
}

TEST(question_sessions, are_given_back_by_a_question_that_fails_and_by_an_opening_that_does) {
  counted store(1);
  question_sessions asked(store);
  store.refuses = true;
  const auto fails = [](engine::session&) -> int { throw std::runtime_error("no answer"); };
  EXPECT_THROW(asked.with(fails), std::runtime_error);
  EXPECT_THROW(asked.with(fails), std::runtime_error);
  EXPECT_EQ(asked.with([](engine::session&) { return 3; }), 3);
  EXPECT_EQ(store.opened, 2);
}

}  // namespace sluice::host
