// The life of a call: cancelled, too late, many at once.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {
using namespace std::chrono_literals;

class calls : public testing::Test {
 protected:
  void hang() { upstream_.data().set_faults(R"([{"do":"hang"}])"); }
  // Waits until the upstream has seen so many requests.
  void wait_for_requests(std::size_t n) {
    while (upstream_.data().log().size() < n) std::this_thread::yield();
  }
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 500}}}};
  source_driver source_{upstream_.url()};
};

TEST_F(calls, a_cancelled_call_ends_at_once) {
  hang();
  auto answer = source_.start(source_.prepare(users_request()), source_.call.raw());
  wait_for_requests(1);
  const auto before = std::chrono::steady_clock::now();
  source_.call.cancel();
  const fetched f = answer.get();
  EXPECT_EQ(f.status, SLUICE_CANCELLED);
  EXPECT_EQ(f.code, "SLU-3150");
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
  EXPECT_EQ(source_.call.hooks(), 0U);
}

TEST_F(calls, a_call_that_was_cancelled_before_sends_nothing) {
  source_.call.cancel();
  EXPECT_EQ(source_.fetch(source_.prepare(users_request())).status, SLUICE_CANCELLED);
  EXPECT_TRUE(upstream_.data().log().empty());
}

// covers: P12
TEST_F(calls, cancelling_one_call_leaves_the_others_alone) {
  upstream_.data().set_faults(R"([{"match":{"nth":1},"do":"hang"}])");
  void* read = source_.prepare(users_request());
  auto hung = source_.start(read, source_.call.raw());
  wait_for_requests(1);
  testkit::fake_call other;
  EXPECT_EQ(source_.start(read, other.raw()).get().status, SLUICE_OK);
  source_.call.cancel();
  EXPECT_EQ(hung.get().status, SLUICE_CANCELLED);
}

// covers: P13
TEST_F(calls, the_deadline_of_a_call_is_kept) {
  hang();
  sluice_call raw = *source_.call.raw();
  const auto at = std::chrono::system_clock::now() + 200ms;
  raw.deadline_unix_us = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
  const fetched f = source_.start(source_.prepare(users_request()), &raw).get();
  EXPECT_EQ(f.status, SLUICE_DEADLINE);
  EXPECT_EQ(f.code, "SLU-3151");
}

TEST_F(calls, a_deadline_that_has_passed_is_an_answer_too) {
  sluice_call raw = *source_.call.raw();
  raw.deadline_unix_us = 1;
  EXPECT_EQ(source_.start(source_.prepare(users_request()), &raw).get().status, SLUICE_DEADLINE);
}

TEST_F(calls, sixty_four_at_once_are_each_answered_once) {
  void* read = source_.prepare(users_request({{"style", "offset"}, {"size", {{"limit", 5}}}}));
  std::vector<std::future<fetched>> answers;
  for (int i = 0; i < 64; ++i) answers.push_back(source_.start(read, source_.call.raw()));
  for (auto& a : answers) EXPECT_EQ(a.get().status, SLUICE_OK);
  EXPECT_EQ(upstream_.data().log().size(), 64U);
}

TEST_F(calls, what_can_not_be_asked_is_refused_before_anything_is_sent) {
  const fetched f = source_.fetch(source_.prepare({{"path", "/users/${subject}"}}));
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_TRUE(upstream_.data().log().empty());
}

// covers: P22
TEST_F(calls, a_secret_with_a_line_end_is_refused_and_not_shown) {
  source_.host.secrets["${tenant.secrets.crm}"] = "hidden\n";
  const fetched f = source_.fetch(source_.prepare(users_request()));
  EXPECT_EQ(f.code, "SLU-3104");
  EXPECT_THAT(f.message, testing::Not(testing::HasSubstr("hidden")));
}

}  // namespace
}  // namespace sluice::http_test
