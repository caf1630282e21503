// How the stages of a step end.
#include <algorithm>

#include "engine/page_rules.hpp"
#include "engine/planted.hpp"
#include "engine/refusals.hpp"
#include "engine/step_runner.hpp"

namespace sluice::engine {

using boost::asio::awaitable;

// True: it has fewer pages of a stage than this attempt alone has seen committed.
awaitable<bool> step_runner::store_was_set_back() {
  std::optional<run_row> row;
  try {
    co_await run_.persist([&](session& s) { row = s.show_run(run_.id_.run_id); });
  } catch (const failure&) {
    co_return false;  // then what is known already is all that can be said
  }
  if (!row) co_return true;
  co_return std::any_of(stages_.begin(), stages_.end(), [&](const auto& mine) {
    const auto kept = std::ranges::find(row->stages, mine->plan.name, &stage_row::stage);
    return mine->shown.pages > (kept == row->stages.end() ? 0 : kept->pages);
  });
}

// Long before its end, where each refused record costs as much as a good one.
void step_runner::give_up_on_refusals(stage_work& stage) {
  constexpr std::int64_t many = 10'000;
  if (stage.records.rejected + stage.shown.rows.rejected < many || stage.stop.stopped()) return;
  if (const auto why = refused_too_much(stage.plan, stage.records, stage.shown.rows)) fail(stage, *why);
}

// Before the page is handed over: nothing of it is written if it fails.
awaitable<void> step_runner::check_columns(stage_work& stage, const item& it,
                                           std::vector<vanished_columns::question> ask) {
  std::string vanished;
  for (const vanished_columns::question& q : ask) {
    held_values stored;
    try {
      co_await run_.persist(
          [&](session& s) { stored = s.inspect().count_held(run_.id_.tenant, q.stream, q.columns, q.keys); });
    } catch (...) {
      // A store that is away is no word about this stage.
      run_.stop_.stop(current_failure());
      throw;
    }
    stage.stop.throw_if_stopped();
    if (const std::string what = stage.vanished.judge(q, stored); !what.empty())
      vanished += (vanished.empty() ? "of `" : "; of `") + q.stream + "` " + what;
  }
  if (vanished.empty()) co_return;
  throw failure(
      failure_class::invalid, "SLU-6018",
      place_of(stage.plan, it) + ": columns have lost their values, " + vanished +
          ". The upstream has changed its form, or the mapping does not fit it. Nothing of this page was "
          "written; if it is meant, set `rejects: { max: 100% }` of the read for one run");
}

// By the account of all attempts, which is asked for only where this one has not seen everything, or a refusal.
awaitable<std::optional<failure>> step_runner::booked_refusals(stage_work& stage) {
  if (stage.epoch <= 1 && stage.records.rejected + stage.shown.rows.rejected == 0) co_return std::nullopt;
  std::optional<run_row> row;
  co_await run_.persist([&](session& s) { row = s.show_run(run_.id_.run_id); });
  if (!row) co_return std::nullopt;  // the end of the stage will say so
  const auto booked = std::ranges::find(row->stages, stage.plan.name, &stage_row::stage);
  if (booked == row->stages.end()) co_return std::nullopt;
  co_return refused_too_much(stage.plan, *booked);
}

// Each stage's end, with why it failed; together with the steps that end now too.
awaitable<void> step_runner::end() {
  std::vector<stage_end> ends;
  std::vector<std::pair<stage_work*, failure>> failed;
  for (const auto& stage : stages_) {
    // Who takes the run over goes on with this stage.
    if (stage->terminal || (run_.stop_.stopped() && leaves_open(*run_.stop_.why()))) continue;
    std::optional<failure> why;
    ends.push_back(co_await end_of(*stage, why));
    if (ends.back().state == stage_state::failed) failed.emplace_back(stage.get(), *why);
  }
  if (!ends.empty()) static_cast<void>(co_await run_.ends_.ask(std::move(ends)));
  for (const auto& [stage, why] : failed) {
    if (run_.options_.on_stage_failed)
      run_.options_.on_stage_failed(stage->plan.name, stage->shown.pages, why);
  }
  for (const auto& stage : stages_) {
    if (run_.stop_.stopped()) co_return;
    co_await run_.stage_ended(stage->plan);
  }
}

awaitable<stage_end> step_runner::end_of(stage_work& stage, std::optional<failure>& why) {
  stage_state state = stage_state::complete;
  why = stage.stop.why();
  if (SLUICE_BUG(complete_without_proof)) why.reset();
  if (why) {
    const bool cancelled = run_.stop_.stopped() && run_.stop_.why()->kind() == failure_class::cancelled;
    state = cancelled ? stage_state::cancelled : stage_state::failed;
  } else if ((why = co_await booked_refusals(stage))) {
    state = stage_state::failed;
  }
  stage_end end{run_.id_.run_id,        stage.plan.name,           stage.epoch, state,
                why ? why->code() : "", why ? why->message() : "", {}};
  if (state == stage_state::complete) end.watermark = stage.plan.watermark;
  end.requests = run_.asked_[stage.plan.name].requests;
  end.retries = run_.asked_[stage.plan.name].retries;
  co_return end;
}

}  // namespace sluice::engine
