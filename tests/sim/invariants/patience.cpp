// A stage gives up only after so many failures in a row.
#include "invariants/parts.hpp"

namespace sluice::sim {

namespace {

class patience_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "patience"; }

  void failed(const caller& who, const engine::read_request& r, const engine::failure& why) override {
    if (!why.retryable() || (why.kind() == engine::failure_class::throttled && why.retry_after_us() > 0))
      return;
    int& row = rows_[{r.run_id, r.stage, r.item, r.page_state, who.process}];
    int& most = most_[{r.run_id, r.stage}];
    most = std::max(most, ++row);
  }
  void served(const caller& who, const engine::read_request& r, const engine::page&) override {
    rows_[{r.run_id, r.stage, r.item, r.page_state, who.process}] = 0;
  }
  void ended(const engine::stage_end& end) override {
    if (end.state != engine::stage_state::failed || end.error.find("given up after") == std::string::npos)
      return;
    if (end.error.find("that it gets its items from") != std::string::npos) return;
    const int attempts = scene_.plans.at(end.run_id).find_stage(end.stage)->retry.attempts;
    if (most_[{end.run_id, end.stage}] < attempts) {
      broken("run " + end.run_id + ": " + end.stage + " gave up after " +
             std::to_string(most_[{end.run_id, end.stage}]) + " failures in a row, not " +
             std::to_string(attempts));
    }
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string, std::string, std::int64_t>, int> rows_;
  std::map<std::pair<std::string, std::string>, int> most_;
};

}  // namespace

std::unique_ptr<checker> make_patience(scene& s) { return std::make_unique<patience_checker>(s); }

}  // namespace sluice::sim
