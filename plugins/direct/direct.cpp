// The direct backend: runs the steps of a run in this process, each as soon as the plan allows.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <sluice/backend.hpp>

#include "sluice_plugin.hpp"

namespace {

struct step {
  std::string name, json;
  std::vector<std::string> after;
};

struct plan {
  std::vector<step> steps;
  std::set<std::string> begun, ended;
  bool stopped = false;  // fenced: another host goes on with it
};

plan parse(std::string_view plan_json) {
  const nlohmann::json json = nlohmann::json::parse(plan_json);
  plan out;
  for (const nlohmann::json& s : json.at("steps")) out.steps.push_back({s.at("name"), s.dump(), s.at("after")});
  return out;
}

class direct final : public sluice::backend {
 public:
  explicit direct(const sluice::setup& s) : host_(s.host), steps_(s.host) {}

  ~direct() override {
    std::unique_lock lock(mutex_);
    closing_ = true;
    idle_.wait(lock, [this] { return under_way_ == 0; });
  }

  void start(std::string_view run_id, std::string_view plan_json) override {
    plan parsed = parse(plan_json);
    {
      const std::lock_guard lock(mutex_);
      if (!runs_.emplace(run_id, std::move(parsed)).second) return;  // it is at work already
    }
    advance(std::string(run_id));
  }

  // The host stops the steps themselves; what has not begun is told so when it begins.
  void cancel(std::string_view) override {}

  void reconcile(std::string_view runs_json) override {
    const nlohmann::json json = nlohmann::json::parse(runs_json);
    for (const nlohmann::json& p : json.at("runs")) start(p.at("run_id").get<std::string>(), p.dump());
  }

 private:
  // Takes the steps that may begin now; the last one to end ends the run.
  void advance(const std::string& run_id) {
    std::vector<step> ready;
    bool done = false;
    {
      const std::lock_guard lock(mutex_);
      const auto at = runs_.find(run_id);
      if (at == runs_.end()) return;
      if (!closing_ && !at->second.stopped) ready = take_ready(at->second);
      under_way_ += ready.size();
      const bool quiet = at->second.begun.size() == at->second.ended.size();
      done = !at->second.stopped && at->second.ended.size() == at->second.steps.size();
      if (done || (at->second.stopped && quiet)) runs_.erase(at);
    }
    for (const step& s : ready) run(run_id, s);
    if (done) end(run_id);
  }

  static std::vector<step> take_ready(plan& p) {
    std::vector<step> out;
    for (const step& s : p.steps) {
      const bool may = std::all_of(s.after.begin(), s.after.end(),
                                   [&](const std::string& name) { return p.ended.contains(name); });
      if (may && p.begun.insert(s.name).second) out.push_back(s);
    }
    return out;
  }

  void run(const std::string& run_id, const step& s) {
    try {
      steps_.run_step(run_id, s.json, {}, [this, run_id, s](sluice::step_outcome outcome, std::string_view) {
        step_ended(run_id, s, outcome);
      });
    } catch (const sluice::failure& f) {
      host_.log(sluice::log_level::error, "step " + s.name + " of run " + run_id + " can't start: " + f.message());
      step_ended(run_id, s, sluice::step_outcome::fenced);
    }
  }

  void step_ended(const std::string& run_id, const step& s, sluice::step_outcome outcome) {
    bool again = false;
    {
      const std::lock_guard lock(mutex_);
      const auto at = runs_.find(run_id);
      again = outcome == sluice::step_outcome::yielded && !closing_;
      if (!again && at != runs_.end()) {
        at->second.ended.insert(s.name);
        if (outcome == sluice::step_outcome::fenced) at->second.stopped = true;
      }
    }
    if (again) {
      run(run_id, s);
      return;
    }
    advance(run_id);
    const std::lock_guard lock(mutex_);
    --under_way_;
    idle_.notify_all();
  }

  void end(const std::string& run_id) {
    try {
      steps_.run_ended(run_id);
    } catch (const sluice::failure& f) {
      host_.log(sluice::log_level::error, "run " + run_id + " can't be ended: " + f.message());
    }
  }

  sluice::host_ref host_;
  sluice::steps steps_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, plan, std::less<>> runs_;
  std::size_t under_way_ = 0;
  bool closing_ = false;
};

}  // namespace

SLUICE_PLUGIN(sluice::backend_of<direct, components::direct>)
