// Gathers the pages of one run into batches and commits them in their order.
//
// While a batch is being committed the next one fills. A batch goes out when it is full, when
// nothing more is being read, when somebody hurries it, or when its first page has waited long
// enough: the longer work waits for the store, the longer, since then few commits are what helps
// everybody. A commit in doubt is looked up before anything else happens. What is read and not
// committed has a limit in all: so much a crash may cost.
//
// With two writers a batch may be written while the one before it is, if the two have nothing to do with each
// other (overlap.hpp). Its checkpoints move only after those of the one before; when that fails, both are done again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "engine/batch_gate.hpp"
#include "engine/event.hpp"
#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "engine/store.hpp"
#include "engine/wait_note.hpp"

namespace sluice::engine {

struct batch_limits {
  // Of the open batch and one on its way for each writer, together.
  std::int64_t rows = 20'000;
  std::size_t bytes = 16U << 20;
  // How long a page waits for what is being read beside it: some times as long as work waits for the store, within
  // these.
  std::int64_t linger_us = 20'000, longest_linger_us = 200'000;
  int writers = 1;  // or 2
  // How long the store may be away before the run gives up; it can be taken over afterwards.
  std::int64_t store_patience_us = 300'000'000;
  retry_policy store_retry{1'000'000, 50'000, 5'000'000};
};

struct run_identity {
  std::string run_id, tenant, pipeline, correlation_id;
  std::int64_t epoch = 0;
};

class committer {
 public:
  // Called on the executor for each page that is committed, in commit order.
  using committed_fn = std::function<void(const page_write&, const page_result&)>;
  // What keeps the committer alive while a coroutine that it spawned runs.
  using keep_fn = std::function<std::shared_ptr<void>()>;

  committer(const run_identity& run, store_port& store, clock_port& clock, random_port& random,
            boost::asio::any_io_executor on, batch_limits limits, stop_source& stop, committed_fn committed,
            keep_fn keep, const wait_fn& waits);

  // Runs until close() and everything is committed, or until `stop` stops. Spawn it once.
  boost::asio::awaitable<void> loop();

  // Adds a page to the open batch; waits while that is full. Throws when the run has stopped.
  boost::asio::awaitable<void> submit(page_write page);
  // The open batch should go out now: somebody waits for it.
  void hurry();
  void close();
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  boost::asio::awaitable<void> wait_ended();

  // A page is on its way: the open batch may wait for it a little.
  void reading(int delta);
  void essential(bool on) { urgency_ = on ? urgency::essential : urgency::background; }

 private:
  [[nodiscard]] bool full() const;
  [[nodiscard]] bool ready() const;
  void append(page_write page);
  [[nodiscard]] std::int64_t linger_us() const;
  boost::asio::awaitable<void> linger(std::uint64_t generation);
  // A batch on its way into the store.
  struct flight {
    commit_request request;
    std::int64_t rows = 0;
    std::size_t bytes = 0;
    batch_door door;                 // shut by the thread of the store that has taken it
    std::shared_ptr<flight> before;  // must be committed first; null: nothing, any more
    batch_gate over;                 // for the store's thread that has the batch after this one
    bool begun = false;              // a thread of the store works on it: it doesn't wait for one
    bool settled = false;            // committed, or given up
  };
  [[nodiscard]] bool may_start();
  [[nodiscard]] bool worth_starting(const flight& before) const;
  void start();
  // The open batch goes with the last one on its way, if that still waits for a thread of the store.
  [[nodiscard]] bool join_waiting();
  boost::asio::awaitable<void> fly(std::shared_ptr<flight> f);
  boost::asio::awaitable<commit_result> commit_with_retry(const std::shared_ptr<flight>& f);
  // What became of a commit whose answer was lost; nothing: it has not happened, or not yet.
  boost::asio::awaitable<std::optional<commit_result>> look_up(const commit_request& request);
  boost::asio::awaitable<commit_result> commit_once(const std::shared_ptr<flight>& f);
  boost::asio::awaitable<bool> wait_for_the_one_before(flight& f);
  [[nodiscard]] commit_request take_open();
  void open_next();

  const run_identity& run_;
  store_port& store_;
  clock_port& clock_;
  random_port& random_;
  boost::asio::any_io_executor executor_;
  batch_limits limits_;
  stop_source& stop_;
  committed_fn committed_;
  keep_fn keep_;
  const wait_fn& waits_;  // hears of a store that fails
  event changed_, room_, settled_;

  std::deque<std::shared_ptr<flight>> flights_;
  bool clashes_ = false;  // the open batch has to do with the one that flies
  std::vector<page_write> open_;
  std::int64_t open_rows_ = 0;
  std::size_t open_bytes_ = 0;
  std::uint64_t generation_ = 0;  // of the open batch, so that an old linger does not touch a new one
  stop_source linger_stop_;
  int lingering_ = 0;
  bool lingered_ = false, hurried_ = false, closing_ = false, ended_ = false;
  int reading_ = 0;
  urgency urgency_ = urgency::background;
};

}  // namespace sluice::engine
