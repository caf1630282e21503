// Rows and links that wait for a parent wait no longer than until it is there.
#include <set>

#include "invariants/parts.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

class waiting_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "waiting"; }

  void committed(const caller&, const engine::commit_request&, const engine::commit_result&) override {
    settled_.clear();
  }
  // The end of a run resolves last, whatever its own pages have done before.
  void resolved(const std::string& run) override { settled_.insert(run); }

  void finished(const caller&, const std::string& run, engine::run_state state) override {
    const bool proper = state == engine::run_state::succeeded || state == engine::run_state::partial ||
                        state == engine::run_state::held;
    if (!proper || !settled_.contains(run)) return;
    for (const auto& [key, d] : scene_.stored.deferred) {
      if (is_live(d.parent_stream, d.parent_key))
        broken("run " + run + " has ended, and " + d.stream + " " + d.key + " waits for what is there");
    }
    for (const auto& [key, l] : scene_.stored.links) {
      if (is_live(l.parent_stream, l.parent_key))
        broken("run " + run + " has ended, and " + l.stream + " " + l.key +
               " points to nothing although it could");
    }
  }

 private:
  [[nodiscard]] bool is_live(const std::string& stream, const std::string& key) const {
    const auto& rows = scene_.stored.rows.at(stream);
    const auto at = rows.find(std::tuple(std::string("acme"), key));
    return at != rows.end() && !at->second.deleted;
  }
  std::set<std::string> settled_;  // nothing was committed since they resolved
};

}  // namespace

std::unique_ptr<checker> make_waiting(scene& s) { return std::make_unique<waiting_checker>(s); }

}  // namespace sluice::sim
