#include <future>
#include <latch>
#include <optional>
#include <thread>

#include <gmock/gmock.h>

#include "unit/sdk/source_harness.hpp"

namespace {

namespace testkit = sluice::testkit;

// Serves numbered pages, blocks while a gate is closed, fails when it is told to.
class numbers : public sluice::blocking_source {
 public:
  static constexpr unsigned threads = 2;
  struct read {
    std::string what;
  };
  static inline std::shared_future<void> opened;
  static inline std::latch* running = nullptr;

  explicit numbers(const sluice::setup&) {}
  read prepare(std::string_view json) {
    if (json == "bad") throw sluice::failure(sluice::status::invalid, "SLU-3000", "the read is bad");
    return {std::string(json)};
  }
  sluice::page fetch(const read& r, const sluice::call& c, const sluice::fetch_request& f) {
    if (r.what == "fail") throw sluice::failure(sluice::status::denied, "SLU-3110", "no");
    if (r.what == "throw") throw std::runtime_error("surprise");
    if (r.what == "block") {
      running->count_down();
      opened.wait();
    }
    if (r.what == "until cancelled") {
      std::promise<void> cancelled;
      const sluice::cancel_hook hook(c, [&] { cancelled.set_value(); });
      running->count_down();
      cancelled.get_future().wait();
      c.throw_if_cancelled();
    }
    sluice::page p;
    p.body.append(std::string(c.tenant()) + ":" + std::string(f.page_state) + ":" +
                  *f.variables().find("tenant"));
    p.end = !f.first();
    if (!p.end) p.next_state = "2";
    return p;
  }
};

TEST(blocking_source, answers_with_pages) {
  testkit::source_under_test<numbers> source;
  void* read = source.prepare("users");
  testkit::fake_call call;
  testkit::inbox first, second;
  source.fetch(read, call, first);
  EXPECT_EQ(first.wait().body, "acme::acme");
  EXPECT_EQ(first.wait().next_state, "2");
  EXPECT_FALSE(first.wait().end);
  source.fetch(read, call, second, "2");
  EXPECT_EQ(second.wait().body, "acme:2:acme");
  EXPECT_TRUE(second.wait().end);
}

TEST(blocking_source, reports_what_fetch_and_prepare_throw) {
  testkit::source_under_test<numbers> source;
  EXPECT_THROW(source.prepare("bad"), sluice::failure);
  testkit::fake_call call;
  testkit::inbox denied, thrown;
  source.fetch(source.prepare("fail"), call, denied);
  EXPECT_EQ(denied.wait().status, SLUICE_DENIED);
  EXPECT_EQ(denied.wait().message, "no");
  source.fetch(source.prepare("throw"), call, thrown);
  EXPECT_EQ(thrown.wait().status, SLUICE_INTERNAL);
}

TEST(blocking_source, removes_its_hooks_before_it_answers) {
  testkit::source_under_test<numbers> source;
  testkit::fake_call call;
  testkit::inbox in;
  source.fetch(source.prepare("users"), call, in);
  EXPECT_EQ(in.wait().status, SLUICE_OK);
  EXPECT_EQ(call.hooks(), 0U);
}

TEST(blocking_source, ends_a_running_fetch_by_its_hook) {
  testkit::source_under_test<numbers> source;
  std::latch running(1);
  numbers::running = &running;
  testkit::fake_call call;
  testkit::inbox in;
  source.fetch(source.prepare("until cancelled"), call, in);
  running.wait();
  call.cancel();
  EXPECT_EQ(in.wait().status, SLUICE_CANCELLED);
}

// All threads are busy: who waits in the queue and is cancelled must not wait for them.
// covers: P13
TEST(blocking_source, answers_a_cancelled_fetch_while_all_threads_are_busy) {
  testkit::source_under_test<numbers> source;
  std::promise<void> gate;
  numbers::opened = gate.get_future().share();
  std::latch running(2);
  numbers::running = &running;
  void* read = source.prepare("block");
  testkit::fake_call busy, waiting, cancelled, cancelled_before;
  testkit::inbox one, two, three, four, five;
  source.fetch(read, busy, one);
  source.fetch(read, busy, two);
  running.wait();
  source.fetch(source.prepare("users"), waiting, three);
  source.fetch(read, cancelled, four);
  cancelled.cancel();
  EXPECT_EQ(four.wait().status, SLUICE_CANCELLED);
  cancelled_before.cancel();
  source.fetch(read, cancelled_before, five);
  EXPECT_EQ(five.wait().status, SLUICE_CANCELLED);
  EXPECT_EQ(three.count(), 0U);
  gate.set_value();
  EXPECT_EQ(three.wait().status, SLUICE_OK);
  EXPECT_EQ(one.wait().status, SLUICE_OK);
  EXPECT_EQ(two.wait().status, SLUICE_OK);
}

// covers: P13
TEST(blocking_source, answers_every_fetch_once_when_it_is_destroyed) {
  std::promise<void> gate;
  numbers::opened = gate.get_future().share();
  std::latch running(2);
  numbers::running = &running;
  testkit::fake_call call;
  std::vector<testkit::inbox> in(10);
  {
    testkit::source_under_test<numbers> source;
    void* read = source.prepare("block");
    for (auto& i : in) source.fetch(read, call, i);
    running.wait();
    std::thread closing([&] { source.close(); });
    gate.set_value();
    closing.join();
  }
  for (auto& i : in) EXPECT_EQ(i.count(), 1U);
}

TEST(blocking_source, answers_once_whether_cancelled_or_done_first) {
  testkit::source_under_test<numbers> source;
  void* read = source.prepare("users");
  for (int i = 0; i < 500; ++i) {
    testkit::fake_call call;
    testkit::inbox in;
    std::thread cancelling([&] { call.cancel(); });
    source.fetch(read, call, in);
    const auto s = in.wait().status;
    EXPECT_TRUE(s == SLUICE_OK || s == SLUICE_CANCELLED);
    cancelling.join();
    EXPECT_EQ(in.count(), 1U);
  }
}

// Answers, refuses, drops or keeps the completion, as the read says.
class later : public sluice::async_source {
 public:
  struct read {
    std::string what;
  };
  static inline std::optional<sluice::completion> kept;

  explicit later(const sluice::setup&) {}
  read prepare(std::string_view json) { return {std::string(json)}; }
  void fetch(const read& r, const sluice::fetch_request&, sluice::completion& done) {
    if (r.what == "throw") throw sluice::failure(sluice::status::transient, "SLU-3101", "not now");
    sluice::completion mine = std::move(done);
    if (r.what == "drop") return;
    if (r.what == "throw after moving") throw std::runtime_error("too late");
    if (r.what == "fail") return mine.fail(sluice::failure(sluice::status::not_found, "SLU-3104", "gone"));
    kept.emplace(std::move(mine));
  }
};

TEST(async_source, may_answer_from_elsewhere) {
  testkit::source_under_test<later> source;
  testkit::fake_call call;
  testkit::inbox in;
  source.fetch(source.prepare("keep"), call, in);
  EXPECT_EQ(in.count(), 0U);
  EXPECT_EQ(later::kept->context().tenant(), "acme");
  std::thread([] {
    sluice::page p;
    p.body.append("late");
    later::kept->succeed(std::move(p));
  }).join();
  EXPECT_EQ(in.wait().body, "late");
  later::kept->succeed({});
  later::kept.reset();
  EXPECT_EQ(in.count(), 1U);
}

// covers: G3
TEST(async_source, answers_even_when_the_author_forgets) {
  testkit::source_under_test<later> source;
  testkit::fake_call call;
  testkit::inbox dropped, failed, moved;
  source.fetch(source.prepare("drop"), call, dropped);
  EXPECT_EQ(dropped.wait().message, "the source dropped the request");
  source.fetch(source.prepare("fail"), call, failed);
  EXPECT_EQ(failed.wait().status, SLUICE_NOT_FOUND);
  source.fetch(source.prepare("throw after moving"), call, moved);
  EXPECT_EQ(moved.wait().status, SLUICE_INTERNAL);
  EXPECT_EQ(moved.count(), 1U);
  ASSERT_EQ(source.host.lines().size(), 1U);
}

TEST(async_source, refuses_by_status_when_it_throws_at_once) {
  testkit::source_under_test<later> source;
  testkit::fake_call call;
  testkit::inbox in;
  EXPECT_THROW(source.fetch(source.prepare("throw"), call, in), sluice::failure);
  EXPECT_EQ(in.count(), 0U);
}

// A page that no host could take is the plugin's failure, not a page.
TEST(async_source, can_not_hand_over_a_page_that_leads_nowhere) {
  testkit::source_under_test<later> source;
  testkit::fake_call call;
  testkit::inbox in;
  source.fetch(source.prepare("keep"), call, in);
  sluice::page p;
  p.end = false;
  later::kept->succeed(std::move(p));
  later::kept.reset();
  EXPECT_EQ(in.wait().status, SLUICE_INTERNAL);
}

}  // namespace
