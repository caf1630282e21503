// What the history of runs says: how often they end well, how long their phases take, what they ask of upstreams, and
// what goes wrong. Statistics, alerts and advice all go by these, so that they agree.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/store.hpp"

namespace sluice::host {

// How long something took, each time.
class durations {
 public:
  void add(std::int64_t us);
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(all_.size()); }
  [[nodiscard]] std::int64_t total_us() const { return total_us_; }
  [[nodiscard]] std::int64_t average_us() const { return count() == 0 ? 0 : total_us_ / count(); }
  // The least value that so many percent of all don't exceed; 0: there is none.
  [[nodiscard]] std::int64_t percentile_us(int percent) const;

 private:
  mutable std::vector<std::int64_t> all_;
  mutable bool sorted_ = true;
  std::int64_t total_us_ = 0;
};

// Some runs, or what they did for a domain or in a phase.
struct figures {
  std::int64_t runs = 0;
  std::map<engine::run_state, std::int64_t> states;  // as the runs ended
  // In which something failed: the run itself, or a stage. Rejects and rows that wait make no failure.
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;  // by somebody: neither good nor bad
  std::int64_t requests = 0, retries = 0;
  durations essential;   // from when the run was made until what is essential was over
  durations background;  // from then, or from when it was made, to its end, where there was any
  durations whole;
  std::map<std::string, std::int64_t> errors;  // codes, each once a run

  [[nodiscard]] std::int64_t counted() const { return runs - cancelled; }
  [[nodiscard]] std::optional<double> failure_rate() const;  // of those that were not cancelled
};

// One more run: all of it, or what has to do with one domain, or with one phase.
void add_run(figures& to, const engine::ended_run& run);
void add_domain(figures& to, const engine::ended_run& run, const std::string& entry);
void add_phase(figures& to, const engine::ended_run& run, engine::phase phase);

// "entities" of "entities.users".
[[nodiscard]] std::string entry_of(const std::string& stage);
// The entries that a run has read, each once.
[[nodiscard]] std::vector<std::string> entries_of(const engine::ended_run& run);
[[nodiscard]] bool has_phase(const engine::ended_run& run, engine::phase phase);
[[nodiscard]] bool has_failed(const engine::ended_run& run);
[[nodiscard]] bool has_failed(const engine::ended_run& run, const std::string& entry);

[[nodiscard]] nlohmann::json to_json(const durations& d);  // in milliseconds; null: there is none
[[nodiscard]] nlohmann::json to_json(const figures& f);

}  // namespace sluice::host
