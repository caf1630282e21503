// Two batches of one run on their way at once, into every store.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/overlap.hpp"
#include "engine/run.hpp"
#include "store/harness.hpp"
#include "store/threaded_store.hpp"
#include "support/faulty_session.hpp"

namespace sluice::testing {

namespace {

namespace asio = boost::asio;
using asio::awaitable;

// The first page alone fills a batch.
constexpr int pages = 40, rows_a_page = 5, rows_a_batch = 20,
              all_rows = rows_a_batch + (pages - 1) * rows_a_page;

// No references: nothing keeps two batches of it from being written at once.
const stream_schema& lines() {
  static const stream_schema s = [] {
    stream_schema out;
    out.name = "lines";
    out.columns = {{"external_id", column_type::text, true, {}}, {"n", column_type::int64, false, {}}};
    out.key = {"external_id"};
    return out;
  }();
  return s;
}

std::string key_of(int n) {
  const std::string digits = std::to_string(n);
  return "k" + std::string(6 - digits.size(), '0') + digits;
}

engine::page lines_page(int first, int count) {
  std::vector<cells> all;
  for (int n = first; n < first + count; ++n)
    all.push_back({{"external_id", key_of(n)}, {"n", std::to_string(n)}});
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(lines(), all));
  return make_page(std::move(streams));
}

// Pages whose rows are in memory, and how many were at most.
struct page_count {
  std::atomic<int> now = 0, most = 0;
  void add() {
    const int n = ++now;
    for (int m = most; n > m && !most.compare_exchange_weak(m, n);) continue;
  }
};

// Counts them as long as somebody keeps them.
array_handle counted(array_handle rows, page_count& pages_kept) {
  struct kept {
    ArrowArray rows;
    page_count& count;
  };
  ArrowArray outside = rows.get();
  outside.private_data = new kept{rows.take(), pages_kept};
  outside.release = [](ArrowArray* a) {
    const std::unique_ptr<kept> inside(static_cast<kept*>(a->private_data));
    inside->rows.release(&inside->rows);
    --inside->count.now;
    a->release = nullptr;
  };
  pages_kept.add();
  return array_handle(std::move(outside));
}

engine::page_write written(engine::page p) {
  engine::page_write w;
  w.page = std::move(p);
  return w;
}

class real_clock final : public engine::clock_port {
 public:
  explicit real_clock(asio::any_io_executor on) : on_(std::move(on)) {}
  [[nodiscard]] std::int64_t now_us() const override { return 1'700'000'000'000'000 + steady_us(); }
  [[nodiscard]] std::int64_t steady_us() const override {
    const auto t = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
  }
  awaitable<void> sleep(std::int64_t us, engine::stop_source& stop) override {
    if (stop.stopped()) co_return;
    asio::steady_timer timer(on_, std::chrono::microseconds(us));
    const auto wake = stop.on_stop([&] { timer.cancel(); });
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }

 private:
  asio::any_io_executor on_;
};

class plain_random final : public engine::random_port {
 public:
  [[nodiscard]] std::uint64_t next() override { return rng_(); }

 private:
  std::mt19937_64 rng_{7};
};

// Says early where the next page is, and gives the page itself when another read has had its turn.
class lines_reader final : public engine::reader_port {
 public:
  lines_reader(asio::any_io_executor on, std::function<void()> at_end, std::function<bool(int)> may_come)
      : on_(std::move(on)), at_end_(std::move(at_end)), may_come_(std::move(may_come)) {}
  awaitable<engine::page> read(const engine::read_request& r) override {
    const int n = r.page_state.empty() ? 0 : std::stoi(r.page_state);
    ++reads_;
    most_ = std::max(most_, ++under_way_);
    if (n + 1 < pages) r.on_next(std::to_string(n + 1));
    while (may_come_ && !may_come_(n)) co_await asio::post(on_, asio::use_awaitable);
    for (int turns = 0; turns < 3; ++turns) co_await asio::post(on_, asio::use_awaitable);
    --under_way_;
    engine::page p =
        n == 0 ? lines_page(0, rows_a_batch) : lines_page(rows_a_batch + (n - 1) * rows_a_page, rows_a_page);
    p.streams[0].rows = counted(std::move(p.streams[0].rows), kept_);
    p.next_state = std::to_string(n + 1);
    p.end = n + 1 == pages;
    if (p.end) at_end_();
    p.requested_at_us = 1'700'000'000'000'000 + n;
    co_return p;
  }
  [[nodiscard]] int reads() const { return reads_; }
  [[nodiscard]] int most() const { return most_; }
  [[nodiscard]] int most_kept() const { return kept_.most; }

 private:
  asio::any_io_executor on_;
  std::function<void()> at_end_;
  std::function<bool(int)> may_come_;  // asked for each page until it says yes
  page_count kept_;
  int reads_ = 0, under_way_ = 0, most_ = 0;
};

// Fails some commits; with nothing to fail, each waits until the one after it is under way, as long as there will be
// one. The first always does.
class watched_store final : public engine::store_port {
 public:
  watched_store(store::store& over, std::function<fault(int)> faults)
      : threads_(over, 2), faults_(std::move(faults)) {}

  awaitable<void> execute(engine::turn u, std::function<void(engine::session&)> work) override {
    co_await threads_.execute(u, [&](engine::session& s) {
      bool mine = false;
      struct leave {
        watched_store& of;
        bool& committing;
        ~leave() {
          const std::lock_guard lock(of.mutex_);
          if (committing) --of.inside_;
        }
      } at_end{*this, mine};
      const auto draw = [&](const char* call) {
        if (std::string_view(call) != "commit") return fault::none;
        mine = true;
        return enter();
      };
      sized_session watched(s, draw, [this](std::size_t pages_of_it) {
        const std::lock_guard lock(mutex_);
        sizes_.push_back(pages_of_it);
      });
      work(watched);
    });
  }
  [[nodiscard]] int most() const { return most_; }
  [[nodiscard]] std::vector<std::size_t> sizes() {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }
  void no_more_pages() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    came_.notify_all();
  }

 private:
  fault enter() {
    std::unique_lock lock(mutex_);
    const int n = commits_++;
    most_ = std::max(most_, ++inside_);
    came_.notify_all();
    if (n == 0 || !faults_)
      came_.wait_for(lock, std::chrono::seconds(5), [&] { return commits_ > n + 1 || over_; });
    return faults_ ? faults_(n) : fault::none;
  }

  store::threaded_store threads_;
  std::function<fault(int)> faults_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::size_t> sizes_;
  int commits_ = 0, inside_ = 0, most_ = 0;
  bool over_ = false;
};

class writers : public conformance {
 protected:
  // Reads all pages with two writers; how many commits were under way at once.
  int read_all(std::function<fault(int)> faults) {
    store().ensure_streams("lines", "1.0.0", {lines()});
    engine::run_request request = request_for(2);
    request.pipeline = "lines";
    const auto lease = session().start_run(request, {});
    asio::io_context context(1);
    real_clock clock(context.get_executor());
    plain_random random;
    watched_store watched(store(), std::move(faults));
    const auto may_come = [&](int n) { return !may_come_ || may_come_(n, watched.sizes().size()); };
    lines_reader reader(
        context.get_executor(), [&] { watched.no_more_pages(); }, may_come);
    engine::run_plan plan;
    plan.stages.push_back({.name = "s", .entry = "e", .root_vars = "{}"});
    plan.steps = engine::group_steps(plan.stages);
    engine::run_options options;
    options.batch.writers = 2;
    options.batch.rows = 3 * std::int64_t{rows_a_batch};  // the open one, and one a writer
    options.batch.linger_us = linger_us_;
    options.batch.store_retry = {1'000'000, 1'000, 2'000};
    const auto run = std::make_shared<engine::run>(
        engine::run_identity{lease.run_id, "acme", "lines", "c", lease.epoch}, plan,
        engine::run_ports{watched, reader, clock, random, context.get_executor()}, options);
    run->start();
    asio::co_spawn(
        context,
        [&]() -> awaitable<void> {
          co_await run->run_step("s", [&](const engine::progress& p) {
            EXPECT_GT(p.pages, seen_);
            seen_ = p.pages;
          });
          state_ = co_await run->finish();
        },
        asio::detached);
    context.run();
    EXPECT_EQ(reader.reads(), pages) << "no page is read twice";
    EXPECT_EQ(reader.most(), 2) << "one page ahead, and no more";
    // Two batches of four pages, the one that fills, one page that waits and two that are read.
    EXPECT_LE(reader.most_kept(), 15)
        << "what is committed is let go, though the next batch follows on its heels";
    sizes_ = watched.sizes();
    return watched.most();
  }

  void expect_everything() {
    EXPECT_EQ(state_, engine::run_state::succeeded);
    EXPECT_EQ(seen_, pages);
    const auto stored = under_->rows(lines());
    ASSERT_EQ(stored.size(), static_cast<std::size_t>(all_rows));
    const auto row = session().show_run(run_id(2));
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->stages.at(0).streams.at(0).second.inserted, all_rows);
    EXPECT_EQ(row->stages.at(0).pages, pages);
  }

  std::int64_t seen_ = 0;
  std::optional<engine::run_state> state_;
  std::int64_t linger_us_ = engine::batch_limits{}.linger_us;
  // Whether page n may come when so many commits have begun.
  std::function<bool(int n, std::size_t commits)> may_come_;
  std::vector<std::size_t> sizes_;
};

}  // namespace

TEST_P(writers, two_batches_are_written_at_once_and_committed_in_order) {
  EXPECT_EQ(read_all({}), 2);
  expect_everything();
}

// A small one would be written in no time and then keep its writer waiting for the large one.
TEST_P(writers, a_batch_waits_beside_a_large_one_until_it_is_as_large) {
  linger_us_ = 0;
  // The first batch is on its way until another one is; the next pages come one by one, when they have lingered.
  may_come_ = [turns = 0](int, std::size_t commits) mutable { return commits != 1 || ++turns % 50 == 0; };
  EXPECT_EQ(read_all({}), 2);
  expect_everything();
  ASSERT_GE(sizes_.size(), 2U);
  EXPECT_EQ(sizes_[0], 1U);
  EXPECT_EQ(sizes_[1], std::size_t{rows_a_batch / rows_a_page});
}

// covers: P3, S4
TEST_P(writers, a_batch_that_fails_takes_the_one_behind_it_along_and_nothing_is_lost) {
  EXPECT_EQ(read_all([](int n) {
              return n % 3 == 0 ? fault::before : n % 5 == 0 ? fault::after : fault::none;
            }),
            2);
  expect_everything();
}

INSTANTIATE_TEST_SUITE_P(every_store, writers, ::testing::ValuesIn(backends()),
                         [](const auto& b) { return b.param.name; });

TEST(two_batches, have_nothing_to_do_with_each_other_when_their_keys_lie_apart) {
  std::vector<engine::page_write> a, b, mixed, children;
  a.push_back(written(lines_page(0, 5)));
  b.push_back(written(lines_page(5, 5)));
  mixed.push_back(written(lines_page(9, 5)));
  mixed.push_back(written(lines_page(2, 1)));
  std::vector<engine::stream_rows> rows;
  rows.push_back(make_rows(stream_named("entities"), {user("u1")}));
  children.push_back(written(make_page(std::move(rows))));
  EXPECT_TRUE(engine::independent(a, b));
  EXPECT_TRUE(engine::independent(b, a));
  EXPECT_FALSE(engine::independent(a, mixed));
  EXPECT_FALSE(engine::independent(b, mixed));
  EXPECT_FALSE(engine::independent(a, children)) << "they look for parents";
}

}  // namespace sluice::testing
