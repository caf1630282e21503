#include "engine/committer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "engine/failpoint.hpp"
#include "engine/overlap.hpp"
#include "engine/patience.hpp"
#include "engine/planted.hpp"

namespace sluice::engine {

using boost::asio::awaitable;

namespace {

// From here on a batch keeps a core of the store's server busy for long beside what one sign-in brings.
constexpr std::int64_t large_batch = 2'000;

}  // namespace

committer::committer(const run_identity& run, store_port& store, clock_port& clock, random_port& random,
                     boost::asio::any_io_executor on, batch_limits limits, stop_source& stop,
                     committed_fn committed, keep_fn keep, const wait_fn& waits)
    : run_(run),
      store_(store),
      clock_(clock),
      random_(random),
      executor_(std::move(on)),
      limits_(limits),
      stop_(stop),
      committed_(std::move(committed)),
      keep_(std::move(keep)),
      waits_(waits),
      changed_(executor_),
      room_(executor_),
      settled_(executor_),
      linger_stop_(stop) {}

// The open batch takes its share of the limits, beside one on its way for each writer.
bool committer::full() const {
  const auto batches = 1 + limits_.writers;
  return open_rows_ * batches >= limits_.rows ||
         open_bytes_ * static_cast<std::size_t>(batches) >= limits_.bytes;
}

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

// Under load what is read beside it comes late too.
std::int64_t committer::linger_us() const {
  constexpr std::int64_t times = 20;
  const std::int64_t longest = std::max(limits_.linger_us, limits_.longest_linger_us);
  return std::clamp(times * store_.waits_us(), limits_.linger_us, longest);
}

awaitable<void> committer::linger(std::uint64_t generation) {
  co_await clock_.sleep(linger_us(), linger_stop_);
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
  SLUICE_IF_BUG(cursor_before_page, if (request.pages.size() > 2) request.pages[1].page.streams.clear();)
  open_next();
  return request;
}

void committer::open_next() {
  open_.clear();
  open_rows_ = 0;
  open_bytes_ = 0;
  lingered_ = hurried_ = clashes_ = false;
  ++generation_;
}

// Beside a batch that is much larger it would be written at once and then wait for that one's end, and what comes
// meanwhile would wait with it: one of the two writers has nothing to do.
bool committer::worth_starting(const flight& before) const {
  return full() || hurried_ || closing_ || open_rows_ >= before.rows;
}

bool committer::may_start() {
  if (flights_.empty()) return true;
  if (limits_.writers < 2 || flights_.size() >= 2 || !flights_.back()->begun) return false;
  if (!worth_starting(*flights_.back())) return false;
  if (!clashes_)
    clashes_ = !independent(flights_.back()->request.pages, open_) && !SLUICE_BUG(overlaps_anything);
  return !clashes_;
}

// Where many runs wait for the store, batches are few and large; where none does, no page waits for another.
bool committer::join_waiting() {
  if (flights_.empty()) return false;
  flight& last = *flights_.back();
  const auto batches = 1 + limits_.writers;
  if ((last.rows + open_rows_) * batches > limits_.rows ||
      (last.bytes + open_bytes_) * static_cast<std::size_t>(batches) > limits_.bytes) {
    return false;
  }
  if (last.before != nullptr && !independent(last.before->request.pages, open_)) return false;
  if (!last.door.hold()) return false;
  std::move(open_.begin(), open_.end(), std::back_inserter(last.request.pages));
  last.door.let_go();
  last.rows += open_rows_;
  last.bytes += open_bytes_;
  open_next();
  room_.notify();
  return true;
}

void committer::start() {
  const auto f = std::make_shared<flight>();
  f->rows = open_rows_;
  f->bytes = open_bytes_;
  f->request = take_open();
  if (!flights_.empty()) {
    f->before = flights_.back();
    f->request.gate = after_batch{std::shared_ptr<const batch_gate>(f->before, &f->before->over)};
  }
  flights_.push_back(f);
  room_.notify();
  boost::asio::co_spawn(
      executor_, [kept = keep_(), this, f]() -> awaitable<void> { co_await fly(f); }, boost::asio::detached);
}

awaitable<void> committer::fly(std::shared_ptr<flight> f) {
  try {
    SLUICE_FAILPOINT("batch.closed");
    const commit_result result = co_await commit_with_retry(f);
    SLUICE_FAILPOINT("batch.committed");
    // In this order and at once: what the batch after this one does comes later on this executor.
    f->settled = true;
    f->over.tell(true);
    const auto& pages = f->request.pages;
    for (std::size_t i = 0; i < pages.size(); ++i) committed_(pages[i], result.pages.at(i));
  } catch (...) {
    stop_.stop(current_failure());
  }
  f->settled = true;
  f->over.tell(false);
  f->before.reset();
  std::erase(flights_, f);
  // The batch after this one holds on to it for `over` alone, and so on: the rows of a whole run would stay.
  f->request = {};
  clashes_ = false;
  settled_.notify();
  changed_.notify();
}

awaitable<void> committer::loop() {
  // Nobody may come to close what has been stopped.
  const auto wake = stop_.on_stop([this] { changed_.notify(); });
  while (!stop_.stopped()) {
    if (open_.empty() && closing_) break;
    if (ready() && join_waiting()) continue;
    if (ready() && may_start()) {
      start();
    } else {
      co_await changed_.wait();
    }
  }
  while (!flights_.empty()) co_await changed_.wait();
  linger_stop_.stop(failure(failure_class::cancelled, "SLU-6001", "the run has no more pages"));
  while (lingering_ > 0) co_await changed_.wait();
  ended_ = true;
  room_.notify();
  changed_.notify();
}

awaitable<void> committer::wait_ended() {
  while (!ended_) co_await changed_.wait();
}

awaitable<commit_result> committer::commit_once(const std::shared_ptr<flight>& f) {
  // The note goes by the executor; when it arrives the run may be over.
  const auto note = [kept = keep_(), this, f] {
    f->begun = true;
    changed_.notify();
  };
  co_return co_await store_.call({urgency_, run_.tenant, f->rows >= large_batch}, [&](session& s) {
    f->door.shut();
    if (limits_.writers > 1) boost::asio::post(executor_, note);
    return s.commit(f->request);
  });
}

// True: this batch failed only since the one before it did; by now that is in the store.
awaitable<bool> committer::wait_for_the_one_before(flight& f) {
  if (f.before == nullptr) co_return false;
  const bool came_first = f.before->settled;
  while (!f.before->settled) co_await settled_.wait();
  f.before.reset();
  f.request.gate = nullptr;
  stop_.throw_if_stopped();
  co_return !came_first;
}

awaitable<std::optional<commit_result>> committer::look_up(const commit_request& request) {
  co_return co_await store_.call({urgency_, run_.tenant}, [&](session& s) { return s.find_commit(request); });
}

awaitable<commit_result> committer::commit_with_retry(const std::shared_ptr<flight>& f) {
  commit_request& request = f->request;
  patience waits(limits_.store_retry, limits_.store_patience_us, clock_, random_, waits_);
  bool doubt = false, doubted = false;
  for (;;) {
    std::optional<failure> failed;
    try {
      std::optional<commit_result> done;
      if (doubt) {
        SLUICE_IF_BUG(new_id_each_try, ++request.id[0];)
        done = co_await look_up(request);
      }
      doubt = false;
      if (!done) done = co_await commit_once(f);
      waits.over();
      co_return std::move(*done);
    } catch (const failure& why) {
      failed = why;
    }
    // The one behind gives its connection back and tries again when this one has got through.
    f->over.tell(SLUICE_BUG(gate_opens_on_failure));
    if (failed->kind() == failure_class::in_doubt) {
      SLUICE_IF_BUG(doubt_is_success,
                    co_return commit_result{std::vector<page_result>(request.pages.size())};)
      doubt = doubted = !SLUICE_BUG(doubt_is_failure);
    } else if (failed->kind() == failure_class::fenced && std::exchange(doubted, false)) {
      // A server may go on with a commit whose client it has lost: then it is our own that is in the way.
      doubt = true;
      continue;
    } else if (!failed->retryable()) {
      throw failure(*failed);
    }
    if (co_await wait_for_the_one_before(*f)) continue;
    co_await clock_.sleep(waits.after(*failed), stop_);
    stop_.throw_if_stopped();
  }
}

}  // namespace sluice::engine
