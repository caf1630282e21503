// What a probe has found, as data and as text.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "host/probe_mapping.hpp"

namespace sluice::host {

struct probe_step {
  probed_page page;
  std::optional<mapping_sight> mapping;  // of a read
};

struct probe_result {
  probe_request ask;
  std::vector<probe_step> steps;  // one for each page, in order

  [[nodiscard]] bool of_read() const { return !steps.empty() && steps.front().mapping.has_value(); }
};

[[nodiscard]] nlohmann::ordered_json to_json(const probe_result& r);
// From the same data.
[[nodiscard]] std::string probe_text(const nlohmann::ordered_json& report);

}  // namespace sluice::host
