#include "engine/run.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "engine/failpoint.hpp"
#include "engine/patience.hpp"
#include "engine/planted.hpp"
#include "engine/step_runner.hpp"

namespace sluice::engine {

using boost::asio::awaitable;

namespace {

// What a sweep's proof rests on: the stages that feed the stream, and those that give them their items. A record
// that one of these never showed, for whatever reason, hides rows. Nothing: this run does not read all of it.
std::optional<std::vector<std::string>> proof_of(const sweep_plan& sweep, const run_plan& plan) {
  std::vector<std::string> out = sweep.stages;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const stage_plan* stage = plan.find_stage(out[i]);
    if (stage == nullptr || (stage->watermark && !stage->watermark->full)) return std::nullopt;
    for (const std::string& parent : stage->parents) {
      if (std::find(out.begin(), out.end(), parent) == out.end()) out.push_back(parent);
    }
  }
  return out;
}

}  // namespace

run::run(run_identity id, run_plan plan, run_ports ports, run_options options)
    : id_(std::move(id)),
      plan_(std::move(plan)),
      ports_(ports),
      options_(options),
      committer_(
          id_, ports_.store, ports_.clock, ports_.random, ports_.executor, options_.batch, stop_,
          [this](const page_write& p, const page_result& r) { page_committed(p, r); },
          [this] { return shared_from_this(); }, options_.on_wait),
      begins_(ports_.executor,
              [this](std::vector<stage_start> stages) { return begin_stages(std::move(stages)); }),
      ends_(ports_.executor,
            [this](std::vector<stage_end> stages) { return end_stages(std::move(stages)); }) {
  for (const stage_plan& s : plan_.stages) {
    if (s.phase == phase::essential) essential_open_.insert(s.name);
  }
  committer_.essential(!essential_open_.empty());
}

void run::start() {
  const auto self = shared_from_this();
  const auto& on = ports_.executor;
  // Each lambda keeps the run alive for as long as its coroutine runs.
  boost::asio::co_spawn(
      on, [self]() -> awaitable<void> { co_await self->committer_.loop(); }, boost::asio::detached);
  boost::asio::co_spawn(
      on, [self]() -> awaitable<void> { co_await self->keep_lease(); }, boost::asio::detached);
  boost::asio::co_spawn(
      on, [self]() -> awaitable<void> { co_await self->watch_deadline(); }, boost::asio::detached);
}

void run::cancel() { stop_.stop(failure(failure_class::cancelled, "SLU-6001", "the run was cancelled")); }

void run::leave() {
  const failure why(failure_class::transient, "SLU-6005",
                    "this host shuts down; another goes on with the run");
  stop_.stop(why);
  finishing_.stop(why);
  committer_.close();  // or it would wait for pages, and the executor for it
}

awaitable<void> run::watch_deadline() {
  co_await ports_.clock.sleep(options_.deadline_us, finishing_);
  if (!finishing_.stopped()) {
    stop_.stop(failure(failure_class::deadline, "SLU-6002",
                       "the run has reached its deadline of " +
                           std::to_string(options_.deadline_us / 1'000'000) +
                           " s; start it again to go on from its checkpoints"));
  }
}

awaitable<void> run::renew_once() {
  bool mine = true, cancelled = false;
  co_await ports_.store.execute({urgency::essential, id_.tenant}, [&](session& s) {
    mine = s.renew_lease(id_.run_id, id_.epoch, options_.lease_us);
    cancelled = mine && s.cancel_requested(id_.run_id);
  });
  if (!mine) stop_.stop(failure(failure_class::fenced, "SLU-6003", "another host has taken this run over"));
  if (cancelled) cancel();
}

awaitable<void> run::keep_lease() {
  while (!finishing_.stopped()) {
    co_await ports_.clock.sleep(options_.lease_us / 3, finishing_);
    if (finishing_.stopped() || stop_.stopped()) continue;
    try {
      co_await renew_once();
    } catch (...) {
      // The next renewal tries again; a lease that ran out is found by the fence of the next commit.
      const failure f = current_failure();
      if (!f.retryable()) stop_.stop(f);
    }
  }
}

awaitable<void> run::persist(std::function<void(session&)> work) {
  const auto& limits = options_.batch;
  patience waits(limits.store_retry, limits.store_patience_us, ports_.clock, ports_.random, options_.on_wait);
  // A run whose essential phase is over has no claim to go before that of another tenant.
  const turn of{essential_open_.empty() ? urgency::background : urgency::essential, id_.tenant};
  for (;;) {
    std::optional<failure> failed;
    try {
      co_await ports_.store.execute(of, work);
      waits.over();
      co_return;
    } catch (const failure& f) {
      failed = f;
    }
    if (!failed->retryable()) throw failure(*failed);
    co_await ports_.clock.sleep(waits.after(*failed), finishing_);
    // Whoever shuts down doesn't wait for a store that is away.
    if (finishing_.stopped()) throw failure(*failed);
  }
}

void run::page_committed(const page_write& page, const page_result& result) {
  for (const auto& [stream, counts] : result.streams) {
    deferred_ = deferred_ || counts.deferred > 0;
    may_resolve_ = may_resolve_ || counts.inserted + counts.updated + counts.deferred > 0;
  }
  const auto owner = owners_.find(page.stage);
  if (owner != owners_.end()) owner->second->page_committed(page, result);
}

awaitable<step_outcome> run::run_step(std::string step, progress_fn on_progress) {
  const auto self = shared_from_this();
  const step_plan* plan = plan_.find_step(step);
  if (plan == nullptr)
    throw failure(failure_class::invalid, "SLU-6004", "the plan has no step `" + step + "`");
  const auto runner = std::make_shared<step_runner>(self, *plan, std::move(on_progress));
  co_return co_await runner->execute();
}

awaitable<std::vector<stage_attempt>> run::begin_stages(std::vector<stage_start> stages) {
  const stages_start start{id_.run_id, id_.epoch, std::move(stages), !running_};
  std::vector<stage_attempt> out;
  co_await persist([&](session& s) { out = s.begin_stages(start); });
  running_ = true;
  co_return out;
}

awaitable<std::vector<run::nothing>> run::end_stages(std::vector<stage_end> stages) {
  const bool essential = ends_essential(stages);
  const stages_end end{id_.run_id, id_.epoch, std::move(stages), essential};
  co_await persist([&](session& s) { s.end_stages(end); });
  essential_marked_ = essential_marked_ || essential;
  co_return std::vector<nothing>(end.stages.size());
}

bool run::ends_essential(const std::vector<stage_end>& stages) const {
  if (deferred_ || essential_open_.empty() || stop_.stopped()) return false;
  return std::all_of(essential_open_.begin(), essential_open_.end(), [&](const std::string& open) {
    return std::any_of(stages.begin(), stages.end(), [&](const stage_end& e) { return e.stage == open; });
  });
}

awaitable<void> run::stage_ended(const stage_plan& stage) {
  // Where nothing is new since it was last tried, nobody's parent has come. Close() looks once more.
  if (deferred_ && std::exchange(may_resolve_, false)) co_await resolve_all();
  if (stage.phase != phase::essential || essential_open_.erase(stage.name) == 0 || !essential_open_.empty())
    co_return;
  if (!essential_marked_) co_await persist([this](session& s) { s.mark_essential(id_.run_id, id_.epoch); });
  committer_.essential(false);
  if (options_.on_essential) options_.on_essential();
}

awaitable<void> run::resolve_all() {
  for (bool more = true; more;) {
    resolve_result done;
    co_await persist(
        [&](session& s) { done = s.resolve(id_.run_id, id_.epoch, id_.tenant, options_.resolve_rows); });
    more = done.more && !SLUICE_BUG(resolve_skips_last);
  }
}

awaitable<void> run::sweep(const sweep_plan& plan) {
  sweep_request request{id_.run_id, id_.epoch, plan.entry, plan.stream, plan.stages, plan.guard, {}};
  const auto proof = proof_of(plan, plan_);
  if (plan.whole && proof) {
    request.stages = *proof;
    sweep_result done;
    co_await persist([&](session& s) { done = s.sweep(request); });
    if (done.result != sweep_result::how::unproven) co_return;
  }
  if (plan.partitions.empty()) co_return;
  request.partitions = plan.partitions;
  co_await persist([&](session& s) { static_cast<void>(s.sweep(request)); });
}

awaitable<void> run::sweep_all() {
  if (plan_.stages.empty()) co_return;
  for (const sweep_plan& p : plan_.sweeps) co_await sweep(p);
  const std::string& stage = plan_.stages.front().name;
  co_await persist(
      [&](session& s) { static_cast<void>(s.cascade(id_.run_id, id_.epoch, stage, plan_.cascade)); });
}

awaitable<run_state> run::close(const std::optional<failure>& why) {
  if (!why) {
    SLUICE_FAILPOINT("run.before_sweeps");
    if (const auto quiet = co_await finish_quiet()) co_return *quiet;
    co_await resolve_all();
    co_await sweep_all();
    co_await persist([this](session& s) { s.expire_deferred(id_.run_id, id_.tenant, plan_.missing); });
  }
  const bool cancelled = why && why->kind() == failure_class::cancelled;
  run_state state = run_state::failed;
  co_await persist([&](session& s) {
    state = s.finish_run(id_.run_id, id_.epoch, cancelled, why && !cancelled ? why->code() : "",
                         why && !cancelled ? why->message() : "");
  });
  co_return state;
}

awaitable<std::optional<run_state>> run::finish_quiet() {
  quiet_end end{id_.run_id, id_.tenant, id_.epoch, {}};
  for (const sweep_plan& p : plan_.sweeps) {
    const auto proof = p.whole ? proof_of(p, plan_) : std::nullopt;
    if (!proof && p.partitions.empty()) continue;
    end.sweeps.push_back({id_.run_id, id_.epoch, p.entry, p.stream,
                          proof.value_or(std::vector<std::string>()), p.guard, p.partitions});
  }
  std::optional<run_state> out;
  co_await persist([&](session& s) { out = s.finish_quiet(end); });
  co_return out;
}

awaitable<run_state> run::finish() {
  const auto self = shared_from_this();
  committer_.close();
  co_await committer_.wait_ended();
  const std::optional<failure> why = stop_.why();
  if (why && leaves_open(*why)) {
    finishing_.stop(*why);
    throw failure(*why);
  }
  run_state state = run_state::failed;
  std::optional<failure> broken;
  try {
    state = co_await close(why);
  } catch (...) {
    broken = current_failure();
  }
  finishing_.stop(failure(failure_class::cancelled, "SLU-6001", "the run has ended"));
  if (broken) throw failure(*broken);
  co_return state;
}

}  // namespace sluice::engine
