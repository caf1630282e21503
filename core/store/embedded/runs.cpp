// Runs, their leases, and how they end.
#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"
#include "store/leases.hpp"

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
  out.row.retry_of = r.retry_of;
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

// True: it was given before the clock went back, and runs out in time now.
bool shorten(lease_record& lease, std::int64_t now, std::int64_t lease_us) {
  if (lease.expires_us <= now + longest_lease * lease_us) return false;
  lease.expires_us = now + lease_us;
  return true;
}

void refuse_old_id(tables& t, const engine::run_request& request) {
  if (!t.find_run(request.run_id)) return;
  throw invalid(code::unknown_run, "run " + request.run_id + " has ended already; start one with a new id");
}

void give(tables& t, lease_record& lease, const engine::run_request& to, std::int64_t now) {
  ++lease.epoch;
  lease.by = to.by;
  lease.expires_us = now + to.lease_us;
  t.put_lease(lease);
  t.see_tenant(to.tenant, now);
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
    SLUICE_IF_BUG(lease_by_host_clock, lease.expires_us -= planted::host_off_us();)
    SLUICE_IF_BUG(takes_over_too_soon, lease.expires_us -= 20'000'000;)
    if (lease.expires_us > now && !(dead && dead(lease.by))) {
      if (shorten(lease, now, request.lease_us)) tables_->put_lease(lease), tx.commit();
      return answer(how::joined, *open, lease);
    }
    result = how::took_over;
  } else {
    refuse_old_id(*tables_, request);
    if (request.unless_since_us > 0 &&
        tables_->last_created(request.tenant, request.pipeline, request.scope) >= request.unless_since_us) {
      return {how::skipped, {}, {}, 0, {}};
    }
    tables_->put_run(new_run(request, now));
    SLUICE_FAILPOINT("start_run.after_insert");
    lease.run_id = request.run_id;
  }
  give(*tables_, lease, request, now);
  const auto run = tables_->find_run(lease.run_id);
  SLUICE_FAILPOINT("start_run.before_commit");
  tx.commit();
  SLUICE_FAILPOINT("start_run.after_commit");
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
  if (!lease || lease->run_id != run_id || (lease->epoch != epoch && !SLUICE_BUG(renewed_by_anybody)))
    return false;
  lease->expires_us = tables_->now_us() + lease_us;
  tables_->put_lease(*lease);
  tx.commit();
  return true;
}

void session::mark_running(const std::string& run_id, std::int64_t epoch) {
  transaction tx(*tables_);
  owned_run owned = fence_run(run_id, epoch);
  run_on(owned);
  tx.commit();
}

void session::run_on(owned_run& owned) {
  owned.run.row.state = engine::run_state::running;
  if (owned.run.row.started_us == 0) owned.run.row.started_us = tables_->now_us();
  tables_->put_run(owned.run);
  SLUICE_FAILPOINT("mark_running.before_commit");
}

void session::mark_essential(const std::string& run_id, std::int64_t epoch) {
  transaction tx(*tables_);
  owned_run owned = fence_run(run_id, epoch);
  essential_over(owned);
  SLUICE_FAILPOINT("mark_essential.before_commit");
  tx.commit();
}

void session::essential_over(owned_run& owned) {
  if (owned.run.row.essential_us == 0) owned.run.row.essential_us = tables_->now_us();
  tables_->put_run(owned.run);
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
  close(owned, v);
  SLUICE_FAILPOINT("finish.before_commit");
  tx.commit();
  SLUICE_FAILPOINT("finish.after_commit");
  return v.state;
}

bool session::write_note(const std::string& name, std::int64_t version, const std::string& text) {
  transaction tx(*tables_);
  if (tables_->note(name).version != version) return false;
  tables_->put_note(name, {text, version + 1});
  tx.commit();
  return true;
}

engine::retention_result session::retain(const engine::retention_request& request) {
  tables_->reload_streams();
  transaction tx(*tables_);
  engine::retention_result out = tables_->retain(request, tables_->now_us() - request.age_us);
  tx.commit();
  return out;
}

}  // namespace sluice::store::embedded
