// One step: a root stage and the stages that hang on its records, item by item, to their end.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/run.hpp"
#include "engine/vanished.hpp"

namespace sluice::engine {

// Held by shared pointers: its items' coroutines and the one that executes it may be destroyed in any order.
class step_runner : public std::enable_shared_from_this<step_runner> {
 public:
  step_runner(std::shared_ptr<run> owner, const step_plan& plan, progress_fn on_progress);
  ~step_runner();
  step_runner(const step_runner&) = delete;
  step_runner& operator=(const step_runner&) = delete;

  boost::asio::awaitable<step_outcome> execute();

  // A page of one of this step's stages is in the store: its children may start.
  void page_committed(const page_write& page, const page_result& result);

 private:
  struct stage_work {
    stage_work(const stage_plan& p, stop_source& parent) : plan(p), stop(parent), vanished(measure_of(p)) {
      shown.stage = p.name;
    }
    const stage_plan& plan;
    stop_source stop;  // stops with the run, or when this stage or one of its parents fails
    std::int64_t epoch = 0;
    bool terminal = false;  // before this attempt began
    std::deque<item> waiting;
    progress shown;
    record_counts records;  // of the pages that this attempt has committed
    vanished_columns vanished;
  };

  boost::asio::awaitable<void> begin();
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> end();
  boost::asio::awaitable<stage_end> end_of(stage_work& stage, std::optional<failure>& why);
  boost::asio::awaitable<bool> store_was_set_back();
  void give_up_on_refusals(stage_work& stage);
  boost::asio::awaitable<std::optional<failure>> booked_refusals(stage_work& stage);

  boost::asio::awaitable<void> run_item(stage_work& stage, item it);
  boost::asio::awaitable<void> advance(stage_work& stage, item& it);
  // A page that is being read. While it is decoded the one behind it may be asked for; never more than one.
  struct reading {
    reading(item where, const boost::asio::any_io_executor& on) : at(std::move(where)), changed(on) {}
    item at;
    bool current = false, done = false;  // current: the item stands here, what came before is handed over
    std::string next;                    // where the page behind it begins, once that is known
    std::shared_ptr<reading> ahead;      // it
    bool unwanted = false;               // it was asked for too early: not again
    int sent = 0;                        // requests for it
    std::optional<page> got;
    std::optional<failure> failed;
    event changed;
  };
  std::shared_ptr<reading> begin_reading(stage_work& stage, item at);
  void read_ahead(stage_work& stage, reading& from);
  boost::asio::awaitable<page> finish_reading(stage_work& stage, reading& r);
  boost::asio::awaitable<page> read_with_retry(stage_work& stage, const std::shared_ptr<reading>& r);
  boost::asio::awaitable<page> read_once(stage_work& stage, const std::shared_ptr<reading>& r);
  boost::asio::awaitable<void> check_columns(stage_work& stage, const item& it,
                                             std::vector<vanished_columns::question> ask);
  boost::asio::awaitable<void> submit(stage_work& stage, item& it, page p);
  boost::asio::awaitable<void> item_failed(stage_work& stage, const item& it, const failure& why);

  void launch();
  void fail(stage_work& stage, const failure& why);
  [[nodiscard]] bool spent() const;
  [[nodiscard]] bool anything_waits() const;
  [[nodiscard]] stage_work* find(const std::string& stage);
  [[nodiscard]] step_outcome outcome() const;

  std::shared_ptr<run> owner_;
  run& run_;
  const step_plan& plan_;
  progress_fn on_progress_;
  event changed_;
  std::vector<std::unique_ptr<stage_work>> stages_;
  int active_ = 0;       // items that a coroutine works on
  int outstanding_ = 0;  // pages submitted and not committed yet
  int pages_ = 0;        // read in this step
  std::int64_t began_us_ = 0;
  bool yielded_ = false;
};

}  // namespace sluice::engine
