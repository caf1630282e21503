// What a promise is watched with: each checker hears of every call that took effect at the store, of
// every page that the upstream was asked for or served, and says so when something can't be.
//
// A call that took effect is told also when its caller never hears of it. A checker that keeps books
// of its own fills them from these calls, so that the store is not its own witness.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "engine/ports.hpp"
#include "engine/store.hpp"

namespace sluice::testing {
struct memory_state;
}

namespace sluice::sim {

class directory;
struct options;

// One process of one host.
struct caller {
  int host = 0;
  std::int64_t process = 0;
};

// What every checker may look at.
struct scene {
  const options& drawn;
  const testing::memory_state& stored;
  const directory& upstream;
  const std::map<std::string, engine::run_plan>& plans;  // by run
  std::function<std::int64_t()> now_us;
  std::function<bool(const engine::holder&)> alive;     // the truth about a process
  std::function<void(const std::string& person)> lost;  // something about somebody has just vanished
  std::string broken;                                   // the first promise that was not kept
  int overlaps = 0, early_pages = 0;  // batches that waited for another; pages read ahead of
};

class checker {
 public:
  explicit checker(scene& s) : scene_(s) {}
  checker(const checker&) = delete;
  checker& operator=(const checker&) = delete;
  virtual ~checker() = default;
  [[nodiscard]] virtual const char* name() const = 0;

  virtual void starting(const caller&, const engine::run_request&) {}
  virtual void started(const caller&, const engine::run_request&, const engine::run_lease&) {}
  virtual void renewed(const caller&, const std::string& /*run*/, std::int64_t /*epoch*/) {}
  // mark_running, mark_essential, resolve, sweep, cascade, finish_run: what the run's epoch fences.
  virtual void wrote(const caller&, const char* /*call*/, const std::string& /*run*/,
                     std::int64_t /*epoch*/) {}
  virtual void began(const caller&, const std::string& /*run*/, std::int64_t /*epoch*/,
                     const engine::stage_start&, const engine::stage_attempt&) {}
  // A batch is being written; over() when it has ended, however. The second of a run may wait for the first.
  virtual void writing(const void* /*attempt*/, const engine::commit_request&) {}
  virtual void over(const engine::commit_request*) {}
  virtual void committing(const caller&, const engine::commit_request&) {}
  virtual void committed(const caller&, const engine::commit_request&, const engine::commit_result&) {}
  virtual void dropped(const caller&, const std::string& /*run*/, const std::string& /*stage*/,
                       const std::string& /*item*/) {}
  virtual void ended(const engine::stage_end&) {}
  virtual void sweeping(const std::string& /*run*/) {}
  virtual void swept(const engine::sweep_request&) {}
  virtual void cascaded(const std::string& /*run*/) {}
  virtual void resolved(const std::string& /*run*/) {}
  virtual void approved(const std::string& /*run*/, engine::run_state) {}
  virtual void retaining(const engine::retention_request&) {}
  virtual void retained(const engine::retention_request&) {}
  virtual void finished(const caller&, const std::string& /*run*/, engine::run_state) {}
  virtual void refused(const caller&, const char* /*call*/, const engine::commit_request*,
                       const engine::failure&) {}
  virtual void asked(const caller&, const engine::read_request&) {}
  // While a page is under way: where the next one begins, which may be asked for from now on.
  virtual void told_next(const engine::read_request&, const std::string& /*next*/) {}
  virtual void served(const caller&, const engine::read_request&, const engine::page&) {}
  virtual void failed(const caller&, const engine::read_request&, const engine::failure&) {}

 protected:
  void broken(const std::string& what) {
    if (scene_.broken.empty()) scene_.broken = std::string(name()) + ": " + what;
  }
  scene& scene_;
};

using checkers = std::vector<std::unique_ptr<checker>>;
[[nodiscard]] checkers all_checkers(scene& s);

}  // namespace sluice::sim
