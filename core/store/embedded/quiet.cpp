// The end of a run that has nothing to resolve, to delete or to let go.
#include <algorithm>

#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "store/embedded/session.hpp"

namespace sluice::store::embedded {

using engine::run_state;

std::optional<run_state> session::finish_quiet(const engine::quiet_end& end) {
  transaction tx(*tables_);
  if (const auto ended = already_ended(end.run_id, end.run_epoch)) return ended;
  owned_run owned = fence_run(end.run_id, end.run_epoch);
  const run_account account = account_of(owned.run);
  const verdict v = judge(account);
  const bool good = v.state == run_state::succeeded || v.state == run_state::partial;
  if (!good || !v.error_code.empty() || anything_left(owned.run.row, end, account)) return std::nullopt;
  close(owned, v);
  SLUICE_FAILPOINT("finish.before_commit");
  tx.commit();
  SLUICE_FAILPOINT("finish.after_commit");
  return v.state;
}

bool session::waits_in_vain(const engine::run_row& run) {
  return !run.scope.empty() && tables_->resolvable(run.tenant, 1).empty() &&
         tables_->resolvable_links(run.tenant, 1).empty() &&
         tables_->expired(run.tenant, tables_->now_us()).empty();
}

bool session::anything_left(const engine::run_row& run, const engine::quiet_end& end,
                            const run_account& account) {
  const auto streams = tables_->stream_names();
  const bool waits = !tables_->deferred(run.tenant, 1).empty() ||
                     std::any_of(streams.begin(), streams.end(),
                                 [&](const std::string& s) { return tables_->has_links(run.tenant, s); });
  if ((waits && !waits_in_vain(run)) || account.held > 0 || may_have_orphans(run)) return true;
  if (went_back(run.created_us, tables_->earliest(run.run_id), tables_->now_us())) return true;
  if (SLUICE_BUG(ends_without_a_look)) return false;
  return std::any_of(end.sweeps.begin(), end.sweeps.end(), [&](const engine::sweep_request& s) {
    if (s.stages.empty() || !why_no_sweep(account.stages, s.stages).empty())
      return !s.partitions.empty() ? any_gone(s, run, account) : !s.stages.empty();
    const std::int64_t origin = tables_->origin(run.pipeline, s.entry);
    return !tables_->unseen(run.tenant, s.stream, origin, run.created_us).empty();
  });
}

void session::close(owned_run& owned, const verdict& v) {
  owned.run.row.state = v.state;
  owned.run.row.error_code = v.error_code;
  owned.run.row.error = v.error;
  owned.run.row.ended_us = tables_->now_us();
  tables_->put_run(owned.run);
  SLUICE_FAILPOINT("finish.after_state");
  owned.lease.run_id.clear();
  owned.lease.expires_us = 0;
  tables_->put_lease(owned.lease);
}

}  // namespace sluice::store::embedded
