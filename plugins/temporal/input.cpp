#include "temporal/input.hpp"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace sluice::durable {

namespace {

std::vector<input_step> steps_from(const nlohmann::json& steps) {
  std::vector<input_step> out;
  for (const nlohmann::json& s : steps) {
    out.push_back(
        {s.at("name"), s.at("phase") == "essential", s.at("after").get<std::vector<std::string>>()});
  }
  return out;
}

}  // namespace

std::string phase_of(const workflow_input& input) {
  const bool essential = std::any_of(input.steps.begin(), input.steps.end(), [&](const input_step& s) {
    return s.essential && !input.done.contains(s.name);
  });
  return essential ? "essential" : "background";
}

workflow_input input_of(std::string_view plan_json, const std::string& home) {
  try {
    const nlohmann::json plan = nlohmann::json::parse(plan_json);
    return {plan.at("run_id"),
            plan.at("pipeline"),
            home,
            steps_from(plan.at("steps")),
            {},
            plan.value("tenant", std::string()),
            plan.value("correlation_id", std::string())};
  } catch (const nlohmann::json::exception& why) {
    throw std::runtime_error(std::string("no plan: ") + why.what());
  }
}

std::string to_text(const workflow_input& input) {
  nlohmann::json steps = nlohmann::json::array();
  for (const input_step& s : input.steps) {
    steps.push_back(
        {{"name", s.name}, {"phase", s.essential ? "essential" : "background"}, {"after", s.after}});
  }
  nlohmann::json out{{"interpreter", interpreter_version},
                     {"run_id", input.run_id},
                     {"pipeline", input.pipeline},
                     {"home", input.home},
                     {"steps", std::move(steps)}};
  if (!input.done.empty()) out["done"] = input.done;
  if (!input.tenant.empty()) out["tenant"] = input.tenant;
  if (!input.correlation_id.empty()) out["correlation_id"] = input.correlation_id;
  return out.dump();
}

workflow_input input_from(std::string_view text) {
  try {
    const nlohmann::json in = nlohmann::json::parse(text);
    const int version = in.at("interpreter").get<int>();
    if (version > interpreter_version) {
      throw std::runtime_error("the workflow was started by a newer sluice (interpreter " +
                               std::to_string(version) + ", this program has " +
                               std::to_string(interpreter_version) + "): upgrade this host");
    }
    workflow_input out{in.at("run_id"), in.at("pipeline"), in.at("home"), steps_from(in.at("steps")), {}};
    out.tenant = in.value("tenant", std::string());
    out.correlation_id = in.value("correlation_id", std::string());
    if (in.contains("done")) out.done = in.at("done").get<std::map<std::string, std::string>>();
    return out;
  } catch (const nlohmann::json::exception& why) {
    throw std::runtime_error(std::string("this is no input of a run's workflow: ") + why.what());
  }
}

}  // namespace sluice::durable
