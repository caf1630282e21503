#include "engine/step_runner.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/backoff.hpp"
#include "engine/failpoint.hpp"
#include "engine/page_rules.hpp"
#include "engine/planted.hpp"

namespace sluice::engine {

using boost::asio::awaitable;

step_runner::step_runner(std::shared_ptr<run> owner, const step_plan& plan, progress_fn on_progress)
    : owner_(std::move(owner)),
      run_(*owner_),
      plan_(plan),
      on_progress_(std::move(on_progress)),
      changed_(run_.ports_.executor),
      began_us_(run_.ports_.clock.steady_us()) {
  for (const std::string& name : plan.stages) {
    const stage_plan* stage = run_.plan_.find_stage(name);
    stages_.push_back(std::make_unique<stage_work>(*stage, run_.stop_));
    run_.owners_[name] = this;
  }
}

step_runner::~step_runner() {
  for (const auto& s : stages_) {
    // The next attempt of this step may have begun already.
    const auto at = run_.owners_.find(s->plan.name);
    if (at != run_.owners_.end() && at->second == this) run_.owners_.erase(at);
  }
}

step_runner::stage_work* step_runner::find(const std::string& stage) {
  const auto at =
      std::find_if(stages_.begin(), stages_.end(), [&](const auto& s) { return s->plan.name == stage; });
  return at == stages_.end() ? nullptr : at->get();
}

bool step_runner::spent() const {
  return pages_ >= run_.options_.step_pages ||
         run_.ports_.clock.steady_us() - began_us_ >= run_.options_.step_us;
}

bool step_runner::anything_waits() const {
  return std::any_of(stages_.begin(), stages_.end(),
                     [](const auto& s) { return !s->waiting.empty() && !s->stop.stopped(); });
}

step_outcome step_runner::outcome() const {
  const auto& why = run_.stop_.why();
  if (why) return why->kind() == failure_class::fenced ? step_outcome::fenced : step_outcome::cancelled;
  return yielded_ ? step_outcome::yielded : step_outcome::ended;
}

awaitable<step_outcome> step_runner::execute() {
  if (run_.stop_.stopped()) co_return outcome();
  std::optional<failure> broken;
  try {
    SLUICE_FAILPOINT("step.begins");
    co_await begin();
    co_await work();
    SLUICE_FAILPOINT("step.ends");
    if (!yielded_) co_await end();
  } catch (...) {
    broken = current_failure();
  }
  if (broken && broken->kind() == failure_class::internal && co_await store_was_set_back()) {
    broken.emplace(
        failure_class::fenced, "SLU-5074",
        "the store has lost pages that it had acknowledged: an older copy of it was restored. The run "
        "goes on from the checkpoints that it has now");
  }
  // A store that fails for good, or a fence, ends the whole run and not this step alone.
  if (broken) run_.stop_.stop(*broken);
  co_return outcome();
}

// All at once, and together with the steps that begin now too.
awaitable<void> step_runner::begin() {
  std::vector<stage_start> starts;
  for (const auto& stage : stages_) {
    starts.push_back({stage->plan.name, stage->plan.phase, stage->plan.critical, stage->plan.parents.empty(),
                      stage->plan.root_vars});
  }
  std::vector<stage_attempt> attempts = co_await run_.begins_.ask(std::move(starts));
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stage_work& stage = *stages_[i];
    stage.epoch = attempts[i].epoch;
    stage.terminal = attempts[i].state > stage_state::running;
    for (item& it : attempts[i].open_items) stage.waiting.push_back(std::move(it));
    if (stage.terminal) stage.waiting.clear();
    SLUICE_IF_BUG(taken_over_from_start, for (item& it : stage.waiting) it.page_state.clear();)
  }
}

void step_runner::launch() {
  for (const auto& stage : stages_) {
    while (active_ < run_.options_.active_items && !stage->waiting.empty() && !stage->stop.stopped()) {
      item next = std::move(stage->waiting.front());
      stage->waiting.pop_front();
      ++active_;
      ++stage->shown.items_open;
      boost::asio::co_spawn(
          run_.ports_.executor,
          [self = shared_from_this(), at = stage.get(), it = std::move(next)]() mutable -> awaitable<void> {
            co_await self->run_item(*at, std::move(it));
          },
          boost::asio::detached);
    }
  }
}

awaitable<void> step_runner::work() {
  for (;;) {
    if (spent() && anything_waits()) yielded_ = true;
    if (!yielded_) launch();
    // Otherwise what is done waits for the steps beside it: whoever comes after waits for them all.
    if (yielded_ && active_ == 0 && outstanding_ > 0 && !run_.stop_.stopped()) run_.committer_.hurry();
    const bool waiting_for_commits = outstanding_ > 0 && !run_.stop_.stopped();
    if (active_ == 0 && !waiting_for_commits && (yielded_ || !anything_waits())) co_return;
    const auto wake = run_.stop_.on_stop([this] { changed_.notify(); });
    co_await changed_.wait();
  }
}

awaitable<void> step_runner::run_item(stage_work& stage, item it) {
  std::optional<failure> failed;
  try {
    co_await advance(stage, it);
  } catch (...) {
    failed = current_failure();
    if (failed->in().page == 0) failed = failure(*failed).with({it.id, it.page_seq + 1});
  }
  if (failed) {
    // A drop that the store refuses fails the stage: nothing about an item is forgotten.
    try {
      co_await item_failed(stage, it, *failed);
    } catch (...) {
      fail(stage, current_failure());
    }
  }
  --active_;
  --stage.shown.items_open;
  changed_.notify();
}

awaitable<void> step_runner::advance(stage_work& stage, item& it) {
  std::shared_ptr<reading> r;
  for (;;) {
    if (r == nullptr && spent()) {
      yielded_ = true;
      co_return;
    }
    if (r == nullptr) r = begin_reading(stage, it);
    page p = co_await finish_reading(stage, *r);
    check_page(stage.plan, it, p);
    if (auto ask = stage.vanished.look_at(p); !ask.empty()) co_await check_columns(stage, it, std::move(ask));
    ++pages_;
    const bool last = p.end;
    co_await submit(stage, it, std::move(p));
    if (last) co_return;
    // A page that was asked for once more may end elsewhere than the first time said.
    r = r->ahead;
    if (r != nullptr && r->at.page_state != it.page_state && !SLUICE_BUG(ahead_of_another_try))
      std::exchange(r, nullptr)->unwanted = true;
  }
}

// What it needs lives as long as it runs, even when nobody waits for the page any more.
std::shared_ptr<step_runner::reading> step_runner::begin_reading(stage_work& stage, item at) {
  const auto r = std::make_shared<reading>(std::move(at), run_.ports_.executor);
  boost::asio::co_spawn(
      run_.ports_.executor,
      [self = shared_from_this(), &stage, r]() -> awaitable<void> {
        try {
          r->got = co_await self->read_with_retry(stage, r);
        } catch (...) {
          r->failed = current_failure();
        }
        r->done = true;
        r->changed.notify();
      },
      boost::asio::detached);
  return r;
}

void step_runner::read_ahead(stage_work& stage, reading& from) {
  if (!from.current || from.next.empty() || from.ahead != nullptr || spent() || stage.stop.stopped()) return;
  item behind = from.at;
  behind.page_state = from.next;
  ++behind.page_seq;
  from.ahead = begin_reading(stage, std::move(behind));
}

awaitable<page> step_runner::finish_reading(stage_work& stage, reading& r) {
  r.current = true;
  if (!r.failed) read_ahead(stage, r);
  while (!r.done) co_await r.changed.wait();
  if (r.failed) throw failure(*r.failed);
  co_return std::move(*r.got);
}

awaitable<page> step_runner::read_with_retry(stage_work& stage, const std::shared_ptr<reading>& r) {
  for (int failures = 0;;) {
    std::optional<failure> failed;
    try {
      co_return co_await read_once(stage, r);
    } catch (const failure& f) {
      failed.emplace(
          failure(f.kind(), f.code(), place_of(stage.plan, r->at) + ": " + f.message(), f.retry_after_us())
              .with({r->at.id, r->at.page_seq + 1, failures + 1, f.in().upstream_status}));
    }
    stage.stop.throw_if_stopped();
    if (!failed->retryable()) throw failure(*failed);
    // Being told to wait is not a failure of its own, so that a busy upstream is not given up on.
    if (failed->kind() != failure_class::throttled || failed->retry_after_us() == 0) ++failures;
    SLUICE_IF_BUG(retries_never_reset, failures = planted::count(run_.id_.run_id + stage.plan.name);)
    if (failures >= stage.plan.retry.attempts) {
      const std::string tries = " (given up after " + std::to_string(failures) + " tries in a row)";
      throw failure(failure_class::invalid, failed->code(), failed->message() + tries).with(failed->in());
    }
    const std::int64_t wait_us =
        backoff_us(stage.plan.retry, std::max(failures, 1), *failed, run_.ports_.random);
    if (const auto& tell = run_.options_.on_wait) {
      tell({stage.plan.name, *failed, wait_us, failures, stage.plan.retry.attempts});
    }
    co_await run_.ports_.clock.sleep(wait_us, stage.stop);
    stage.stop.throw_if_stopped();
    if (r->unwanted) throw failure(failure_class::cancelled, "SLU-6001", "the page before it ends elsewhere");
  }
}

awaitable<page> step_runner::read_once(stage_work& stage, const std::shared_ptr<reading>& r) {
  stage.stop.throw_if_stopped();
  const item& it = r->at;
  read_request request;
  request.stage = stage.plan.name;
  request.item = it.id;
  request.vars = it.vars;
  request.page_state = it.page_state;
  request.tenant = run_.id_.tenant;
  request.run_id = run_.id_.run_id;
  request.correlation_id = run_.id_.correlation_id;
  request.essential = stage.plan.phase == phase::essential;
  request.stop = &stage.stop;
  request.on_next = [this, &stage, r](const std::string& next) {
    r->next = next;
    read_ahead(stage, *r);
  };
  request.on_sent = [this, &stage, r] {
    run::tally& asked = run_.asked_[stage.plan.name];
    ++asked.requests;
    if (r->sent++ > 0) ++asked.retries;
  };
  // A scope guard, not a pair of calls: the frame may be destroyed while it waits.
  struct noted {
    explicit noted(committer& c) : commits(c) { commits.reading(1); }
    ~noted() { commits.reading(-1); }
    committer& commits;
  } guard(run_.committer_);
  co_return co_await run_.ports_.reader.read(request);
}

awaitable<void> step_runner::submit(stage_work& stage, item& it, page p) {
  page_write w;
  w.stage = stage.plan.name;
  w.item = it.id;
  w.entry = stage.plan.entry;
  w.stage_epoch = stage.epoch;
  w.page_seq = it.page_seq;
  w.next_state = p.next_state;
  w.end = p.end;
  // None for stages that this run leaves out or doesn't read for their parents: nobody would end them.
  // Parts of this very read are its own.
  std::erase_if(p.children, [&](const child_item& c) {
    if (c.stage == stage.plan.name) return false;
    const stage_plan* child = run_.plan_.find_stage(c.stage);
    return child == nullptr ||
           std::find(child->parents.begin(), child->parents.end(), stage.plan.name) == child->parents.end();
  });
  for (std::size_t i = 0; i < p.children.size(); ++i) {
    p.children[i].item = it.id + "." + std::to_string(it.page_seq) + "." + std::to_string(i);
  }
  it.page_state = p.next_state;
  ++it.page_seq;
  w.page = std::move(p);
  ++outstanding_;
  co_await run_.committer_.submit(std::move(w));
}

void step_runner::page_committed(const page_write& page, const page_result& result) {
  stage_work& stage = *find(page.stage);
  --outstanding_;
  ++stage.shown.pages;
  stage.shown.records += page.page.records.records;
  if (page.end) ++stage.shown.items_done;
  for (const auto& [stream, counts] : result.streams) stage.shown.rows += counts;
  stage.records += page.page.records;
  give_up_on_refusals(stage);
  for (const child_item& c : page.page.children) {
    if (stage_work* child = find(c.stage); child != nullptr && !child->terminal) {
      child->waiting.push_back({c.item, c.vars, {}, 0, item_state::open});
    }
  }
  if (on_progress_) on_progress_(stage.shown);
  changed_.notify();
}

awaitable<void> step_runner::item_failed(stage_work& stage, const item& it, const failure& why) {
  if (run_.stop_.stopped()) co_return;
  const bool gone = why.kind() == failure_class::not_found && !stage.plan.parents.empty();
  if (!gone) {
    fail(stage, why);
    co_return;
  }
  // Its pages must be in the store before the item can end without a last one.
  while (outstanding_ > 0 && !run_.stop_.stopped()) {
    run_.committer_.hurry();
    const auto wake = run_.stop_.on_stop([this] { changed_.notify(); });
    co_await changed_.wait();
  }
  run_.stop_.throw_if_stopped();
  co_await run_.persist(
      [&](session& s) { s.drop_item(run_.id_.run_id, stage.plan.name, stage.epoch, it.id); });
  ++stage.shown.items_done;
}

void step_runner::fail(stage_work& stage, const failure& why) {
  if (why.kind() == failure_class::fenced || why.kind() == failure_class::in_doubt) {
    run_.stop_.stop(why);
    return;
  }
  stage.stop.stop(why);
  for (const auto& child : stages_) {
    const auto& parents = child->plan.parents;
    if (child->stop.stopped() || std::find(parents.begin(), parents.end(), stage.plan.name) == parents.end())
      continue;
    fail(*child, failure(why.kind(), "SLU-6014",
                         "the stage that it gets its items from, `" + stage.plan.name +
                             "`, has failed: " + why.message()));
  }
}

}  // namespace sluice::engine
