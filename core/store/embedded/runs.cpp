// Runs, their leases, and how they end.
#include "store/embedded/session.hpp"
#include "store/errors.hpp"

namespace sluice::store::embedded {

namespace {

bool same_holder(const engine::holder& a, const engine::holder& b) {
  return a.host == b.host && a.boot_id == b.boot_id && a.pid == b.pid && a.started == b.started;
}

run_record new_run(const engine::run_request& r, std::int64_t now) {
  run_record out;
  out.row.run_id = r.run_id;
  out.row.tenant = r.tenant;
  out.row.pipeline = r.pipeline;
  out.row.scope = r.scope;
  out.row.correlation_id = r.correlation_id;
  out.row.manifest_hash = r.manifest_hash;
  out.row.backend = r.backend;
  out.row.route_reason = r.route_reason;
  out.row.mode = r.mode;
  out.row.plan = r.plan;
  out.row.created_us = now;
  return out;
}

engine::run_lease answer(engine::run_lease::how how, const run_record& run, const lease_record& lease) {
  using how_t = engine::run_lease::how;
  engine::run_lease out;
  out.result = how;
  out.run_id = run.row.run_id;
  out.correlation_id = run.row.correlation_id;
  out.epoch = how == how_t::joined ? 0 : lease.epoch;
  if (how == how_t::joined) out.held_by = lease.by;
  return out;
}

}  // namespace

session::session(std::unique_ptr<tables> over) : tables_(std::move(over)) {}

engine::run_lease session::start_run(const engine::run_request& request,
                                     const std::function<bool(const engine::holder&)>& dead) {
  using how = engine::run_lease::how;
  transaction tx(*tables_);
  const std::int64_t now = tables_->now_us();
  lease_record lease =
      tables_->find_lease(request.tenant, request.pipeline, request.scope)
          .value_or(lease_record{request.tenant, request.pipeline, request.scope, {}, 0, {}, 0});
  how result = how::started;
  if (!lease.run_id.empty()) {
    const auto open = tables_->find_run(lease.run_id);
    if (!open)
      throw internal(code::unknown_run, "a lease names run " + lease.run_id + ", which is not there");
    if (same_holder(lease.by, request.by) && lease.run_id == request.run_id)
      return answer(how::started, *open, lease);
    if (lease.expires_us > now && !(dead && dead(lease.by))) return answer(how::joined, *open, lease);
    result = how::took_over;
  } else {
    if (tables_->find_run(request.run_id)) {
      throw invalid(code::unknown_run,
                    "run " + request.run_id + " has ended already; start one with a new id");
    }
    tables_->put_run(new_run(request, now));
    lease.run_id = request.run_id;
  }
  ++lease.epoch;
  lease.by = request.by;
  lease.expires_us = now + request.lease_us;
  tables_->put_lease(lease);
  tables_->see_tenant(request.tenant, now);
  const auto run = tables_->find_run(lease.run_id);
  tx.commit();
  return answer(result, *run, lease);
}

session::owned_run session::fence_run(const std::string& run_id, std::int64_t epoch) {
  auto run = tables_->find_run(run_id);
  if (!run) throw fenced(code::fenced_run, "run " + run_id + " is not in this store");
  auto lease = tables_->find_lease(run->row.tenant, run->row.pipeline, run->row.scope);
  if (!lease || lease->run_id != run_id || lease->epoch != epoch) {
    const bool ended = engine::is_terminal(run->row.state);
    throw fenced(code::fenced_run, "run " + run_id +
                                       (ended ? " has ended: " + std::string(to_string(run->row.state))
                                              : " was taken over by another process"));
  }
  return {std::move(*run), std::move(*lease)};
}

bool session::renew_lease(const std::string& run_id, std::int64_t epoch, std::int64_t lease_us) {
  transaction tx(*tables_);
  const auto run = tables_->find_run(run_id);
  if (!run) return false;
  auto lease = tables_->find_lease(run->row.tenant, run->row.pipeline, run->row.scope);
  if (!lease || lease->run_id != run_id || lease->epoch != epoch) return false;
  lease->expires_us = tables_->now_us() + lease_us;
  tables_->put_lease(*lease);
  tx.commit();
  return true;
}

void session::mark_running(const std::string& run_id, std::int64_t epoch) {
  transaction tx(*tables_);
  owned_run owned = fence_run(run_id, epoch);
  owned.run.row.state = engine::run_state::running;
  if (owned.run.row.started_us == 0) owned.run.row.started_us = tables_->now_us();
  tables_->put_run(owned.run);
  tx.commit();
}

void session::mark_essential(const std::string& run_id, std::int64_t epoch) {
  transaction tx(*tables_);
  owned_run owned = fence_run(run_id, epoch);
  if (owned.run.row.essential_us == 0) owned.run.row.essential_us = tables_->now_us();
  tables_->put_run(owned.run);
  tx.commit();
}

bool session::request_cancel(const std::string& run_id) {
  transaction tx(*tables_);
  auto run = tables_->find_run(run_id);
  if (!run || engine::is_terminal(run->row.state)) return false;
  run->cancel_requested = true;
  tables_->put_run(*run);
  tx.commit();
  return true;
}

bool session::cancel_requested(const std::string& run_id) {
  const auto run = tables_->find_run(run_id);
  return run && run->cancel_requested;
}

// What this very attempt wrote before, when its answer was lost.
std::optional<engine::run_state> session::already_ended(const std::string& run_id, std::int64_t epoch) {
  const auto run = tables_->find_run(run_id);
  if (!run || !engine::is_terminal(run->row.state)) return std::nullopt;
  const auto lease = tables_->find_lease(run->row.tenant, run->row.pipeline, run->row.scope);
  if (!lease || !lease->run_id.empty() || lease->epoch != epoch) return std::nullopt;
  return run->row.state;
}

run_account session::account_of(const run_record& run) {
  const std::string& id = run.row.run_id;
  run_account out;
  out.stages = tables_->accounts(id);
  out.plan = run.row.plan;
  out.open_items = tables_->count_open_items(id);
  out.rejects = tables_->count_rejects(id);
  out.deferred = tables_->count_deferred(id);
  out.held = static_cast<std::int64_t>(tables_->held(id).size());
  return out;
}

engine::run_state session::finish_run(const std::string& run_id, std::int64_t epoch, bool cancelled,
                                      const std::string& error_code, const std::string& error) {
  transaction tx(*tables_);
  if (const auto ended = already_ended(run_id, epoch)) return *ended;
  owned_run owned = fence_run(run_id, epoch);
  run_account account = account_of(owned.run);
  account.cancelled = cancelled;
  account.error_code = error_code;
  account.error = error;
  const verdict v = judge(account);
  owned.run.row.state = v.state;
  owned.run.row.error_code = v.error_code;
  owned.run.row.error = v.error;
  owned.run.row.ended_us = tables_->now_us();
  tables_->put_run(owned.run);
  owned.lease.run_id.clear();
  owned.lease.expires_us = 0;
  tables_->put_lease(owned.lease);
  tx.commit();
  return v.state;
}

}  // namespace sluice::store::embedded
