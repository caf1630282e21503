// The manifest's alerts: what each is about, what it reads off the history, and when it fires and stops. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/store.hpp"
#include "manifest/model.hpp"

namespace sluice::host {

// What an alert looks at: the runs of its pipeline, the newest first.
struct alert_view {
  std::int64_t now_us = 0;
  std::vector<engine::ended_run> ended;  // of the longest window at least
  std::int64_t stuck = 0, held = 0;
};

struct alert_reading {
  std::optional<double> value;  // nothing: there is nothing to go by
  std::int64_t samples = 0;
};

struct alert_state {
  bool firing = false;
  std::int64_t since_us = 0;  // it is so
  double value = 0;           // when it was looked at last
  std::int64_t samples = 0;
};

// The name of each alert of a pipeline, such as "failure_rate" or "domain_failures:credits": unique, and it stays
// when other alerts come and go.
[[nodiscard]] std::vector<std::string> alert_names(const manifest::pipeline& pipeline);
[[nodiscard]] std::int64_t longest_window_us(const manifest::pipeline& pipeline);

[[nodiscard]] alert_reading read_alert(const manifest::alert& alert, const alert_view& view);
// It begins when the value is over the limit and there are enough runs. It ends when the value is at most 80 % of the
// limit, or when there is nothing left to go by: so it does not come and go with each run.
[[nodiscard]] bool fires(bool fired, const manifest::alert& alert, const alert_reading& reading);

// "failure_rate is 12.5 % of 40 runs in 15 min, the limit is 5 %"
[[nodiscard]] std::string alert_text(const manifest::alert& alert, const alert_state& state);
[[nodiscard]] nlohmann::json alert_json(const manifest::pipeline& pipeline, const std::string& name,
                                        const manifest::alert& alert, const alert_state& state);

}  // namespace sluice::host
