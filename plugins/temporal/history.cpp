#include "temporal/history.hpp"

#include <array>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace sluice::durable {

namespace {

constexpr std::array<std::string_view, 18> kinds{
    "other",          "started",           "task_started",   "task_timed_out", "task_failed",
    "step_done",      "step_scheduled",    "step_completed", "step_failed",    "step_timed_out",
    "step_cancelled", "step_cancel_asked", "moved",          "cancel_asked",   "phase_told",
    "went_on",        "completed",         "cancelled"};

event_kind kind_of(const std::string& name) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == name) return static_cast<event_kind>(i);
  }
  throw std::runtime_error("no kind of event is called `" + name + "`");
}

}  // namespace

std::string to_line(const event& e) {
  nlohmann::json out{{"id", e.id}, {"kind", kinds.at(static_cast<std::size_t>(e.kind))}};
  if (!e.name.empty()) out["name"] = e.name;
  if (!e.queue.empty()) out["queue"] = e.queue;
  if (!e.text.empty()) out["text"] = e.text;
  if (e.refers != 0) out["refers"] = e.refers;
  if (e.final) out["final"] = true;
  return out.dump();
}

event from_line(std::string_view line) {
  try {
    const nlohmann::json in = nlohmann::json::parse(line);
    event e;
    e.id = in.at("id").get<std::int64_t>();
    e.kind = kind_of(in.at("kind").get<std::string>());
    e.name = in.value("name", std::string());
    e.queue = in.value("queue", std::string());
    e.text = in.value("text", std::string());
    e.refers = in.value("refers", std::int64_t{0});
    e.final = in.value("final", false);
    return e;
  } catch (const nlohmann::json::exception& why) {
    throw std::runtime_error(std::string("no event: ") + why.what());
  }
}

std::vector<event> read_history(std::string_view lines) {
  std::vector<event> out;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (!line.empty() && line.front() != '#') out.push_back(from_line(line));
  }
  return out;
}

}  // namespace sluice::durable
