#include "gate.hpp"

namespace sluice::sim {

using base = testing::faulty_session;

engine::run_lease watched_session::start_run(const engine::run_request& r,
                                             const std::function<bool(const engine::holder&)>& dead) {
  tell([&](checker& c) { c.starting(who_, r); });
  auto out = base::start_run(r, dead);
  tell([&](checker& c) { c.started(who_, r, out); });
  return out;
}

bool watched_session::renew_lease(const std::string& run, std::int64_t epoch, std::int64_t us) {
  const bool mine = base::renew_lease(run, epoch, us);
  if (mine) tell([&](checker& c) { c.renewed(who_, run, epoch); });
  return mine;
}

void watched_session::mark_running(const std::string& run, std::int64_t epoch) {
  base::mark_running(run, epoch);
  tell([&](checker& c) { c.wrote(who_, "mark_running", run, epoch); });
}

void watched_session::mark_essential(const std::string& run, std::int64_t epoch) {
  base::mark_essential(run, epoch);
  tell([&](checker& c) { c.wrote(who_, "mark_essential", run, epoch); });
}

engine::stage_attempt watched_session::begin_stage(const std::string& run, std::int64_t epoch,
                                                   const engine::stage_start& start) {
  auto out = base::begin_stage(run, epoch, start);
  tell([&](checker& c) { c.began(who_, run, epoch, start, out); });
  return out;
}

std::vector<engine::stage_attempt> watched_session::begin_stages(const engine::stages_start& start) {
  auto out = base::begin_stages(start);
  tell([&](checker& c) {
    if (start.first) c.wrote(who_, "mark_running", start.run_id, start.run_epoch);
    for (std::size_t i = 0; i < out.size(); ++i)
      c.began(who_, start.run_id, start.run_epoch, start.stages[i], out[i]);
  });
  return out;
}

void watched_session::end_stages(const engine::stages_end& end) {
  base::end_stages(end);
  tell([&](checker& c) {
    for (const engine::stage_end& s : end.stages) c.ended(s);
    if (end.essential) c.wrote(who_, "mark_essential", end.run_id, end.run_epoch);
  });
}

engine::commit_result watched_session::commit(engine::commit_request& request) {
  tell([&](checker& c) { c.committing(who_, request); });
  try {
    auto out = base::commit(request);
    tell([&](checker& c) { c.committed(who_, request, out); });
    return out;
  } catch (const engine::failure& f) {
    tell([&](checker& c) { c.refused(who_, "commit", &request, f); });
    throw;
  }
}

void watched_session::drop_item(const std::string& run, const std::string& stage, std::int64_t epoch,
                                const std::string& item) {
  base::drop_item(run, stage, epoch, item);
  tell([&](checker& c) { c.dropped(who_, run, stage, item); });
}

void watched_session::end_stage(const engine::stage_end& end) {
  base::end_stage(end);
  tell([&](checker& c) { c.ended(end); });
}

engine::sweep_result watched_session::sweep(const engine::sweep_request& request) {
  tell([&](checker& c) { c.sweeping(request.run_id); });
  auto out = base::sweep(request);
  tell([&](checker& c) {
    c.wrote(who_, "sweep", request.run_id, request.run_epoch);
    c.swept(request);
  });
  return out;
}

engine::sweep_result watched_session::cascade(const std::string& run, std::int64_t epoch,
                                              const std::string& stage, const engine::delete_guard& guard) {
  tell([&](checker& c) { c.sweeping(run); });
  auto out = base::cascade(run, epoch, stage, guard);
  tell([&](checker& c) {
    c.wrote(who_, "cascade", run, epoch);
    c.cascaded(run);
  });
  return out;
}

engine::run_state watched_session::approve(const std::string& run) {
  tell([&](checker& c) { c.sweeping(run); });
  const auto state = base::approve(run);
  tell([&](checker& c) { c.approved(run, state); });
  return state;
}

engine::retention_result watched_session::retain(const engine::retention_request& request) {
  tell([&](checker& c) { c.retaining(request); });
  auto out = base::retain(request);
  tell([&](checker& c) { c.retained(request); });
  return out;
}

engine::resolve_result watched_session::resolve(const std::string& run, std::int64_t epoch,
                                                const std::string& tenant, int limit) {
  auto out = base::resolve(run, epoch, tenant, limit);
  tell([&](checker& c) {
    c.wrote(who_, "resolve", run, epoch);
    c.resolved(run);
  });
  return out;
}

std::optional<engine::run_state> watched_session::finish_quiet(const engine::quiet_end& end) {
  const auto state = base::finish_quiet(end);
  if (state) tell([&](checker& c) { c.finished(who_, end.run_id, *state); });
  return state;
}

engine::run_state watched_session::finish_run(const std::string& run, std::int64_t epoch, bool cancelled,
                                              const std::string& code, const std::string& error) {
  const auto state = base::finish_run(run, epoch, cancelled, code, error);
  tell([&](checker& c) { c.finished(who_, run, state); });
  return state;
}

}  // namespace sluice::sim
