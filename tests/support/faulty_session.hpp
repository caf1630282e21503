// A session that fails where it is told to: before a call has any effect, or after it took effect
// but before the caller hears of it. What the simulation and the torture tests put around a store.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "engine/store.hpp"

namespace sluice::testing {

enum class fault : std::uint8_t { none, before, after };

class faulty_session : public engine::session {
 public:
  // `draw` is asked once for each call, with the call's name.
  using draw_fn = std::function<fault(const char* call)>;
  faulty_session(engine::session& inner, draw_fn draw) : inner_(inner), draw_(std::move(draw)) {}

  std::int64_t now_us() override { return inner_.now_us(); }
  engine::run_lease start_run(const engine::run_request& r,
                              const std::function<bool(const engine::holder&)>& dead) override {
    return around("start_run", [&] { return inner_.start_run(r, dead); });
  }
  bool renew_lease(const std::string& run, std::int64_t epoch, std::int64_t us) override {
    return around("renew_lease", [&] { return inner_.renew_lease(run, epoch, us); });
  }
  void mark_running(const std::string& run, std::int64_t epoch) override {
    around("mark_running", [&] { inner_.mark_running(run, epoch); });
  }
  void mark_essential(const std::string& run, std::int64_t epoch) override {
    around("mark_essential", [&] { inner_.mark_essential(run, epoch); });
  }
  bool request_cancel(const std::string& run) override {
    return around("request_cancel", [&] { return inner_.request_cancel(run); });
  }
  bool cancel_requested(const std::string& run) override {
    return around("cancel_requested", [&] { return inner_.cancel_requested(run); });
  }
  engine::stage_attempt begin_stage(const std::string& run, std::int64_t epoch,
                                    const engine::stage_start& start) override {
    return around("begin_stage", [&] { return inner_.begin_stage(run, epoch, start); });
  }
  std::vector<engine::stage_attempt> begin_stages(const engine::stages_start& start) override {
    return around("begin_stages", [&] { return inner_.begin_stages(start); });
  }
  engine::commit_result commit(engine::commit_request& request) override {
    return around(
        "commit", [&] { return inner_.commit(request); }, engine::failure_class::in_doubt);
  }
  std::optional<engine::commit_result> find_commit(const engine::commit_request& request) override {
    return around("find_commit", [&] { return inner_.find_commit(request); });
  }
  void drop_item(const std::string& run, const std::string& stage, std::int64_t epoch,
                 const std::string& item) override {
    around("drop_item", [&] { inner_.drop_item(run, stage, epoch, item); });
  }
  void end_stage(const engine::stage_end& end) override {
    around("end_stage", [&] { inner_.end_stage(end); });
  }
  void end_stages(const engine::stages_end& end) override {
    around("end_stages", [&] { inner_.end_stages(end); });
  }
  std::optional<engine::run_state> finish_quiet(const engine::quiet_end& end) override {
    return around("finish_quiet", [&] { return inner_.finish_quiet(end); });
  }
  std::vector<engine::watermark_row> watermarks(const std::string& tenant,
                                                const std::string& pipeline) override {
    return inner_.watermarks(tenant, pipeline);
  }
  std::vector<engine::freshness_row> freshness(const std::string& tenant, const std::string& pipeline,
                                               const std::string& scope) override {
    return inner_.freshness(tenant, pipeline, scope);
  }
  engine::sweep_result sweep(const engine::sweep_request& request) override {
    return around("sweep", [&] { return inner_.sweep(request); });
  }
  engine::sweep_result cascade(const std::string& run, std::int64_t epoch, const std::string& stage,
                               const engine::delete_guard& guard) override {
    return around("cascade", [&] { return inner_.cascade(run, epoch, stage, guard); });
  }
  engine::run_state approve(const std::string& run) override {
    return around("approve", [&] { return inner_.approve(run); });
  }
  engine::resolve_result resolve(const std::string& run, std::int64_t epoch, const std::string& tenant,
                                 int limit) override {
    return around("resolve", [&] { return inner_.resolve(run, epoch, tenant, limit); });
  }
  std::int64_t expire_deferred(const std::string& run, const std::string& tenant,
                               const std::vector<engine::missing_rule>& rules) override {
    return around("expire_deferred", [&] { return inner_.expire_deferred(run, tenant, rules); });
  }
  engine::run_state finish_run(const std::string& run, std::int64_t epoch, bool cancelled,
                               const std::string& code, const std::string& error) override {
    return around("finish_run", [&] { return inner_.finish_run(run, epoch, cancelled, code, error); });
  }
  std::vector<engine::run_row> list_runs(const engine::run_filter& f) override { return inner_.list_runs(f); }
  std::optional<engine::run_row> show_run(const std::string& run) override { return inner_.show_run(run); }
  std::vector<engine::reject_row> list_rejects(const std::string& tenant, const std::string& run,
                                               int limit) override {
    return inner_.list_rejects(tenant, run, limit);
  }
  std::vector<engine::deferred_row> list_deferred(const std::string& tenant, int limit) override {
    return inner_.list_deferred(tenant, limit);
  }
  std::vector<engine::tenant_row> list_tenants() override { return inner_.list_tenants(); }
  std::vector<std::pair<std::string, std::int64_t>> erase_tenant(const std::string& tenant) override {
    return around("erase_tenant", [&] { return inner_.erase_tenant(tenant); });
  }
  std::vector<engine::open_run> list_open_runs(const std::string& pipeline) override {
    return inner_.list_open_runs(pipeline);
  }
  std::vector<engine::due_tenant> list_due(const std::string& pipeline, std::int64_t until,
                                           const engine::due_tenant& after, int limit) override {
    return inner_.list_due(pipeline, until, after, limit);
  }
  engine::retention_result retain(const engine::retention_request& request) override {
    return around("retain", [&] { return inner_.retain(request); });
  }
  engine::trend trend_of(const engine::trend_ask& a) override { return inner_.trend_of(a); }
  std::vector<engine::ended_run> history(const engine::history_filter& f) override {
    return inner_.history(f);
  }
  engine::note read_note(const std::string& name) override { return inner_.read_note(name); }
  bool write_note(const std::string& name, std::int64_t version, const std::string& text) override {
    return around("write_note", [&] { return inner_.write_note(name, version, text); });
  }
  std::int64_t count_rows(const std::string& tenant, const std::string& stream, const std::string& column,
                          const std::string& value) override {
    return inner_.count_rows(tenant, stream, column, value);
  }
  std::optional<engine::last_routed> last_route(const std::string& tenant,
                                                const std::string& pipeline) override {
    return inner_.last_route(tenant, pipeline);
  }
  void reroute(const std::string& run, std::int64_t epoch, const std::string& backend,
               const std::string& reason) override {
    around("reroute", [&] { inner_.reroute(run, epoch, backend, reason); });
  }
  engine::inspector& inspect() override { return inner_.inspect(); }

 private:
  template <class F>
  std::invoke_result_t<F&> around(const char* call, F work,
                                  engine::failure_class lost = engine::failure_class::transient) {
    const fault f = draw_(call);
    if (f == fault::before) fail(call, engine::failure_class::transient, "before");
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      work();
      if (f == fault::after) fail(call, lost, "after");
    } else {
      auto result = work();
      if (f == fault::after) fail(call, lost, "after");
      return result;
    }
  }
  [[noreturn]] static void fail(const char* call, engine::failure_class kind, const char* when) {
    throw engine::failure(kind, "SLU-5999", std::string("planted fault ") + when + " " + call);
  }

  engine::session& inner_;
  draw_fn draw_;
};

// Knows how many pages each commit has.
class sized_session final : public faulty_session {
 public:
  sized_session(engine::session& inner, draw_fn draw, std::function<void(std::size_t)> note)
      : faulty_session(inner, std::move(draw)), note_(std::move(note)) {}
  engine::commit_result commit(engine::commit_request& request) override {
    note_(request.pages.size());
    return faulty_session::commit(request);
  }

 private:
  std::function<void(std::size_t)> note_;
};

}  // namespace sluice::testing
