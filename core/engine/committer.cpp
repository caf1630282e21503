#include "engine/committer.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/backoff.hpp"

namespace sluice::engine {

using boost::asio::awaitable;

committer::committer(const run_identity& run, store_port& store, clock_port& clock, random_port& random,
                     boost::asio::any_io_executor on, batch_limits limits, stop_source& stop,
                     committed_fn committed, keep_fn keep)
    : run_(run),
      store_(store),
      clock_(clock),
      random_(random),
      executor_(std::move(on)),
      limits_(limits),
      stop_(stop),
      committed_(std::move(committed)),
      keep_(std::move(keep)),
      changed_(executor_),
      room_(executor_),
      linger_stop_(stop) {}

bool committer::full() const { return open_rows_ >= limits_.rows || open_bytes_ >= limits_.bytes; }

bool committer::ready() const {
  return !open_.empty() && (full() || lingered_ || hurried_ || closing_ || reading_ == 0);
}

void committer::reading(int delta) {
  reading_ += delta;
  if (reading_ == 0) changed_.notify();
}

void committer::hurry() {
  hurried_ = true;
  changed_.notify();
}

void committer::close() {
  closing_ = true;
  changed_.notify();
}

void committer::append(page_write page) {
  for (const stream_rows& s : page.page.streams) open_rows_ += s.rows.get().length;
  open_bytes_ += page.page.bytes;
  // Children can't start before their parent's page is committed: that is no time to wait.
  if (!page.page.children.empty()) hurried_ = true;
  open_.push_back(std::move(page));
}

awaitable<void> committer::submit(page_write page) {
  while (full() && !stop_.stopped()) co_await room_.wait();
  stop_.throw_if_stopped();
  const bool first = open_.empty();
  append(std::move(page));
  // Even if it looks ready: by the time that the loop wakes, another read may be under way again.
  if (first && !full()) {
    ++lingering_;
    boost::asio::co_spawn(
        executor_,
        [kept = keep_(), this, generation = generation_]() -> awaitable<void> {
          co_await linger(generation);
        },
        boost::asio::detached);
  }
  if (ready()) changed_.notify();
}

awaitable<void> committer::linger(std::uint64_t generation) {
  co_await clock_.sleep(limits_.linger_us, linger_stop_);
  --lingering_;
  if (generation == generation_) lingered_ = true;
  changed_.notify();
}

commit_request committer::take_open() {
  commit_request request;
  request.run_id = run_.run_id;
  request.tenant = run_.tenant;
  request.pipeline = run_.pipeline;
  request.run_epoch = run_.epoch;
  for (std::size_t i = 0; i < request.id.size(); i += 8) {
    const std::uint64_t bits = random_.next();
    for (std::size_t b = 0; b < 8; ++b) request.id[i + b] = static_cast<std::uint8_t>(bits >> (8 * b));
  }
  request.pages = std::exchange(open_, {});
  open_rows_ = 0;
  open_bytes_ = 0;
  lingered_ = hurried_ = false;
  ++generation_;
  return request;
}

awaitable<void> committer::commit_open() {
  commit_request request = take_open();
  room_.notify();
  const commit_result result = co_await commit_with_retry(request);
  for (std::size_t i = 0; i < request.pages.size(); ++i) committed_(request.pages[i], result.pages.at(i));
}

awaitable<void> committer::loop() {
  while (!stop_.stopped()) {
    if (open_.empty() && closing_) break;
    if (!ready()) {
      co_await changed_.wait();
      continue;
    }
    try {
      co_await commit_open();
    } catch (...) {
      stop_.stop(current_failure());
    }
  }
  linger_stop_.stop(failure(failure_class::cancelled, "SLU-6001", "the run has no more pages"));
  while (lingering_ > 0) co_await changed_.wait();
  ended_ = true;
  room_.notify();
  changed_.notify();
}

awaitable<void> committer::wait_ended() {
  while (!ended_) co_await changed_.wait();
}

awaitable<commit_result> committer::commit_with_retry(commit_request& request) {
  const std::int64_t patience_ends = clock_.steady_us() + limits_.store_patience_us;
  bool doubt = false;
  for (int failures = 1;; ++failures) {
    std::optional<failure> failed;
    try {
      if (doubt) {
        auto found = co_await store_.call(urgency_, [&](session& s) { return s.find_commit(request); });
        if (found) co_return std::move(*found);
        doubt = false;
      }
      co_return co_await store_.call(urgency_, [&](session& s) { return s.commit(request); });
    } catch (const failure& f) {
      failed = f;
    }
    if (failed->kind() == failure_class::in_doubt) {
      doubt = true;
    } else if (!failed->retryable()) {
      throw failure(*failed);
    }
    if (clock_.steady_us() >= patience_ends) {
      throw failure(
          failure_class::transient, "SLU-6101",
          "the store has been unavailable for too long; the run can be taken over from its checkpoints. "
          "Last: " +
              failed->message());
    }
    co_await clock_.sleep(backoff_us(limits_.store_retry, failures, *failed, random_), stop_);
    stop_.throw_if_stopped();
  }
}

}  // namespace sluice::engine
