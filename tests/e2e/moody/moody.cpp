// A backend that takes no runs while a file `away` is there; while there is one called `deaf` it takes them and does
// nothing, as one whose server has heard of a run and can't be asked what became of it.
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <sluice/backend.hpp>

#include "sluice_plugin.hpp"

namespace {

using nlohmann::json;

class moody final : public sluice::backend {
 public:
  explicit moody(const sluice::setup& s)
      : host_(s.host), steps_(s.host), folder_(json::parse(s.config_json).at("folder").get<std::string>()) {}

  void start(std::string_view run_id, std::string_view plan_json) override {
    const std::lock_guard lock(mutex_);
    runs_.push_back({std::string(run_id), json::parse(plan_json).at("steps")});
    host_.log(sluice::log_level::info, "moody has heard of run " + std::string(run_id));
    if (!there("deaf")) begin();
  }
  void cancel(std::string_view run_id) override {
    host_.log(sluice::log_level::info, "moody is told to cancel run " + std::string(run_id));
  }
  void reconcile(std::string_view) override {}
  void health() override {
    if (there("away")) throw sluice::failure(sluice::status::transient, "MOODY-1", "moody is away");
    const std::lock_guard lock(mutex_);
    if (!there("deaf")) begin();
  }

 private:
  struct run {
    std::string id;
    json steps;
  };

  [[nodiscard]] bool there(const char* name) const { return std::filesystem::exists(folder_ / name); }
  void begin() {
    for (const run& r : std::exchange(runs_, {})) next(r, 0);
  }
  void next(const run& r, std::size_t n) {
    try {
      if (n == r.steps.size()) return steps_.run_ended(r.id);
      steps_.run_step(r.id, r.steps[n].dump(), {}, [this, r, n](sluice::step_outcome o, std::string_view) {
        if (o == sluice::step_outcome::ended || o == sluice::step_outcome::cancelled) next(r, n + 1);
        else if (o == sluice::step_outcome::yielded) next(r, n);
      });
    } catch (const sluice::failure& f) {
      host_.log(sluice::log_level::warn, "moody is refused: " + f.message());
    }
  }

  sluice::host_ref host_;
  sluice::steps steps_;
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<run> runs_;
};

}  // namespace

SLUICE_PLUGIN(sluice::backend_of<moody, components::moody>)
