// Who may write: one open run for a pipeline and scope, one holder of it, one attempt at a stage.
#include "invariants/parts.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

class fence_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "fence"; }

  void starting(const caller&, const engine::run_request& r) override {
    const auto at = scene_.stored.leases.find(std::tuple(r.tenant, r.pipeline, r.scope));
    before_ = at == scene_.stored.leases.end() ? store::embedded::lease_record{} : at->second;
  }

  void started(const caller& who, const engine::run_request& r, const engine::run_lease& lease) override {
    using how = engine::run_lease::how;
    held& now = leases_[{r.pipeline, r.scope}];
    if (lease.result == how::joined) {
      if (before_.run_id != lease.run_id)
        broken("joined run " + lease.run_id + ", which is not the open one");
      return;
    }
    const bool again = now.run == lease.run_id && now.epoch == lease.epoch && now.process == who.process;
    if (again) return;
    if (lease.result == how::started && !now.run.empty()) broken("a second run beside " + now.run);
    if (lease.result == how::took_over && before_.expires_us > scene_.now_us() && scene_.alive(before_.by)) {
      broken("run " + lease.run_id + " was taken from a process that lives and whose lease runs on");
    }
    if (lease.epoch <= now.epoch) broken("a new holder of run " + lease.run_id + " has no new epoch");
    now = {lease.run_id, lease.epoch, who.process};
    where_[lease.run_id] = {r.pipeline, r.scope};
    check_open_runs(r);
  }

  void renewed(const caller& who, const std::string& run, std::int64_t epoch) override {
    wrote(who, "renew_lease", run, epoch);
  }
  void wrote(const caller& who, const char* call, const std::string& run, std::int64_t epoch) override {
    const held& now = leases_[where_[run]];
    if (now.run != run || now.epoch != epoch || now.process != who.process) {
      broken(std::string(call) + " of run " + run + " took effect by a process that has lost it");
    }
  }

  void began(const caller& who, const std::string& run, std::int64_t epoch, const engine::stage_start& start,
             const engine::stage_attempt& attempt) override {
    wrote(who, "begin_stage", run, epoch);
    attempt_of& now = stages_[{run, start.stage}];
    if (attempt.state > engine::stage_state::running) return;
    if (attempt.epoch <= now.epoch) broken("a new attempt at " + start.stage + " has no new epoch");
    now = {attempt.epoch, who.process};
  }

  void committed(const caller& who, const engine::commit_request& request,
                 const engine::commit_result&) override {
    wrote(who, "commit", request.run_id, request.run_epoch);
    for (const engine::page_write& w : request.pages)
      check_stage(request.run_id, w.stage, w.stage_epoch, "a commit");
  }
  void dropped(const caller& who, const std::string& run, const std::string& stage,
               const std::string&) override {
    if (stages_[{run, stage}].process != who.process)
      broken("an item was dropped by an old attempt at " + stage);
  }
  void ended(const engine::stage_end& end) override {
    check_stage(end.run_id, end.stage, end.epoch, "the end");
  }

  void finished(const caller& who, const std::string& run, engine::run_state) override {
    held& now = leases_[where_[run]];
    if (now.run == run && now.process != who.process) broken("run " + run + " was ended by who had lost it");
    if (now.run == run) now.run.clear();
  }

 private:
  struct held {
    std::string run;
    std::int64_t epoch = 0, process = 0;
  };
  struct attempt_of {
    std::int64_t epoch = 0, process = 0;
  };

  void check_stage(const std::string& run, const std::string& stage, std::int64_t epoch, const char* what) {
    if (stages_[{run, stage}].epoch != epoch) {
      broken(std::string(what) + " of an old attempt at " + stage + " of run " + run + " took effect");
    }
  }
  void check_open_runs(const engine::run_request& r) {
    int open = 0;
    for (const auto& [id, run] : scene_.stored.runs) {
      open +=
          run.row.pipeline == r.pipeline && run.row.scope == r.scope && !engine::is_terminal(run.row.state)
              ? 1
              : 0;
    }
    if (open > 1) broken(std::to_string(open) + " open runs of pipeline " + r.pipeline + " " + r.scope);
  }

  store::embedded::lease_record before_;
  std::map<std::pair<std::string, std::string>, held> leases_;  // by pipeline and scope
  std::map<std::string, std::pair<std::string, std::string>> where_;
  std::map<std::pair<std::string, std::string>, attempt_of> stages_;
};

}  // namespace

std::unique_ptr<checker> make_fence(scene& s) { return std::make_unique<fence_checker>(s); }

}  // namespace sluice::sim
