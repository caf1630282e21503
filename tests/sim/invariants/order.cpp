// Nothing of the background begins before the essential phase has ended.
#include "invariants/parts.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

class order_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "order"; }

  void began(const caller&, const std::string& run, std::int64_t, const engine::stage_start& start,
             const engine::stage_attempt&) override {
    check(run, start.stage);
  }
  void committed(const caller&, const engine::commit_request& request,
                 const engine::commit_result&) override {
    for (const engine::page_write& w : request.pages) check(request.run_id, w.stage);
  }

 private:
  void check(const std::string& run, const std::string& stage) {
    const engine::run_plan& plan = scene_.plans.at(run);
    const engine::stage_plan* mine = plan.find_stage(stage);
    if (mine == nullptr || mine->phase == engine::phase::essential) return;
    for (const engine::stage_plan& s : plan.stages) {
      if (s.phase != engine::phase::essential) continue;
      const auto at = scene_.stored.stages.find(std::tuple(run, s.name));
      if (at == scene_.stored.stages.end() || at->second.state <= engine::stage_state::running)
        broken("run " + run + ": " + stage + " has begun, and essential " + s.name + " has not ended");
    }
  }
};

}  // namespace

std::unique_ptr<checker> make_order(scene& s) { return std::make_unique<order_checker>(s); }

}  // namespace sluice::sim
