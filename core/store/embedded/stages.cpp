// Stages, their items, and what people are shown.
#include <algorithm>

#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"

namespace sluice::store::embedded {

using engine::item_state;
using engine::stage_state;

namespace {

bool ended(stage_state s) { return s > stage_state::running; }

}  // namespace

stage_record session::fence_stage(const std::string& run_id, const std::string& stage, std::int64_t epoch) {
  auto record = tables_->find_stage(run_id, stage);
  if (!record || record->epoch != epoch) {
    throw fenced(code::fenced_stage, "stage `" + stage + "` of run " + run_id + " has another attempt (" +
                                         std::to_string(record ? record->epoch : 0) + ", this one is " +
                                         std::to_string(epoch) + ")");
  }
  return std::move(*record);
}

engine::stage_attempt session::begin_stage(const std::string& run_id, std::int64_t run_epoch,
                                           const engine::stage_start& start) {
  transaction tx(*tables_);
  static_cast<void>(fence_run(run_id, run_epoch));
  engine::stage_attempt out = begin(run_id, start);
  SLUICE_FAILPOINT("begin_stage.before_commit");
  tx.commit();
  return out;
}

std::vector<engine::stage_attempt> session::begin_stages(const engine::stages_start& start) {
  transaction tx(*tables_);
  owned_run owned = fence_run(start.run_id, start.run_epoch);
  if (start.first) run_on(owned);
  std::vector<engine::stage_attempt> out;
  for (const engine::stage_start& s : start.stages) out.push_back(begin(start.run_id, s));
  SLUICE_FAILPOINT("begin_stage.before_commit");
  tx.commit();
  return out;
}

engine::stage_attempt session::begin(const std::string& run_id, const engine::stage_start& start) {
  stage_record record = tables_->find_stage(run_id, start.stage).value_or(stage_record{run_id, start.stage});
  if (ended(record.state)) return {record.epoch, record.state, {}};
  record.phase = start.phase;
  record.critical = start.critical;
  record.state = stage_state::running;
  if (record.epoch == 0 || !SLUICE_BUG(epoch_kept)) ++record.epoch;
  if (record.started_us == 0) record.started_us = tables_->now_us();
  tables_->put_stage(record);
  SLUICE_FAILPOINT("begin_stage.after_epoch");
  if (start.root && !tables_->has_items(run_id, start.stage)) {
    tables_->add_item(run_id, start.stage, {"0", start.root_vars});
  }
  return {record.epoch, record.state, tables_->open_items(run_id, start.stage)};
}

void session::drop_item(const std::string& run_id, const std::string& stage, std::int64_t stage_epoch,
                        const std::string& item) {
  transaction tx(*tables_);
  static_cast<void>(fence_stage(run_id, stage, stage_epoch));
  auto it = tables_->find_item(run_id, stage, item);
  if (!it || it->state == item_state::complete) {
    throw fenced(code::fenced_page,
                 "stage `" + stage + "`, item " + item + ": " + (it ? "has ended" : "is not there"));
  }
  it->state = item_state::gone;
  tables_->put_item(run_id, stage, *it, {});
  SLUICE_FAILPOINT("drop_item.before_commit");
  tx.commit();
}

void session::end_stage(const engine::stage_end& stage) {
  transaction tx(*tables_);
  end(stage);
  SLUICE_FAILPOINT("end_stage.before_commit");
  tx.commit();
}

void session::end_stages(const engine::stages_end& all) {
  transaction tx(*tables_);
  for (const engine::stage_end& s : all.stages) end(s);
  SLUICE_FAILPOINT("end_stage.before_commit");
  if (all.essential) {
    owned_run owned = fence_run(all.run_id, all.run_epoch);
    essential_over(owned);
    SLUICE_FAILPOINT("mark_essential.before_commit");
  }
  tx.commit();
}

void session::end(const engine::stage_end& end) {
  stage_record record = fence_stage(end.run_id, end.stage, end.epoch);
  if (ended(record.state)) {
    if (record.state == end.state) return;  // asked again after an answer was lost
    throw fenced(code::fenced_stage, "stage `" + end.stage + "` of run " + end.run_id +
                                         " has ended already: " + std::string(to_string(record.state)));
  }
  record.state = end.state;
  record.ended_us = tables_->now_us();
  record.error_code = end.error_code;
  record.error = end.error;
  record.requests = end.requests;
  record.retries = end.retries;
  if (end.state == stage_state::complete) {
    for (const stage_account& account : tables_->accounts(end.run_id)) {
      if (account.row.stage != end.stage) continue;
      if (const std::string why = unproven(account); !why.empty() && !SLUICE_BUG(complete_without_proof)) {
        throw internal(code::unproven, why + "; the stage cannot be complete");
      }
      const auto run = tables_->find_run(end.run_id);
      const bool full = !end.watermark || end.watermark->full;
      record.suspect = !SLUICE_BUG(empty_is_not_suspect) && full && run->row.scope.empty() &&
                       account.row.records.records == 0 && tables_->records_before(run->row, end.stage) > 0;
      if (end.watermark && !record.suspect) move_watermark(run->row, record, *end.watermark);
    }
  }
  tables_->put_stage(record);
}

void session::move_watermark(const engine::run_row& run, const stage_record& stage,
                             const engine::watermark_rule& rule) {
  engine::watermark_row to{stage.stage, rule.mapping, stage.started_us - rule.lag_us, stage.started_us};
  // What a run beside it has read earlier may still come, or have come after this one was told that it is gone.
  if (const auto beside = tables_->first_beside(run, stage.started_us))
    to.value_us = std::min(to.value_us, *beside - rule.lag_us);
  if (const auto high = tables_->greatest(run.run_id, stage.stage))
    to.value_us = SLUICE_BUG(watermark_at_greatest) ? *high : std::min(to.value_us, *high);
  else if (!rule.full) to.value_us = 0;
  if (!rule.full) {
    for (const engine::watermark_row& old : tables_->watermarks(run.tenant, run.pipeline)) {
      if (old.stage != stage.stage) continue;
      to.full_us = old.full_us;
      to.value_us = std::max(to.value_us, old.value_us);
    }
  }
  tables_->put_watermark(run, to, tables_->now_us());
}

std::vector<engine::watermark_row> session::watermarks(const std::string& tenant,
                                                       const std::string& pipeline) {
  return tables_->watermarks(tenant, pipeline);
}

std::vector<engine::freshness_row> session::freshness(const std::string& tenant, const std::string& pipeline,
                                                      const std::string& scope) {
  return tables_->freshness(tenant, pipeline, scope);
}

void session::fill_open(engine::run_row& row) {
  if (engine::is_terminal(row.state)) return;
  row.last_page_us = tables_->last_page_us(row.run_id);
  const auto lease = tables_->find_lease(row.tenant, row.pipeline, row.scope);
  if (lease && lease->run_id == row.run_id) row.lease_expires_us = lease->expires_us;
}

std::vector<engine::run_row> session::list_runs(const engine::run_filter& filter) {
  auto out = tables_->runs(filter);
  for (engine::run_row& row : out) fill_open(row);
  return out;
}

std::optional<engine::run_row> session::show_run(const std::string& run_id) {
  auto run = tables_->find_run(run_id);
  if (!run) return std::nullopt;
  fill_open(run->row);
  for (stage_account& account : tables_->accounts(run_id)) run->row.stages.push_back(std::move(account.row));
  return std::move(run->row);
}

std::vector<engine::reject_row> session::list_rejects(const std::string& tenant, const std::string& run_id,
                                                      int limit) {
  return tables_->rejects(tenant, run_id, limit);
}

std::vector<engine::deferred_row> session::list_deferred(const std::string& tenant, int limit) {
  std::vector<engine::deferred_row> out;
  for (deferred_record& d : tables_->deferred(tenant, limit)) {
    out.push_back({std::move(d.tenant), std::move(d.stream), std::move(d.key), std::move(d.reference),
                   std::move(d.parent_stream), std::move(d.parent_key), std::move(d.run_id), d.first_seen_us,
                   d.expires_us});
  }
  return out;
}

}  // namespace sluice::store::embedded
