// Between Temporal's messages and what the interpreter knows.
#pragma once

#include <chrono>
#include <string>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/decide.hpp"
#include "temporal/settings.hpp"

namespace sluice::durable {

namespace ws = ::temporal::api::workflowservice::v1;
namespace common = ::temporal::api::common::v1;
namespace enums = ::temporal::api::enums::v1;
namespace history_api = ::temporal::api::history::v1;

inline constexpr const char* workflow_type = "sluice.run";
inline constexpr const char* step_type = "sluice.step";
inline constexpr const char* moved_signal = "moved";
inline constexpr int task_seconds = 4;  // that a host has for the task of a workflow

void set_json(common::Payloads& out, const std::string& json);
// The first payload as it is; empty: there is none.
[[nodiscard]] std::string json_of(const common::Payloads& payloads);

struct step_input {
  std::string run_id, step;
  bool cancel = false;  // of the end: what is under way is stopped first
};
[[nodiscard]] std::string to_text(const step_input& in);
[[nodiscard]] step_input step_input_from(const std::string& text);  // throws std::runtime_error
// What an activity answers: what came of the step, and who did it.
[[nodiscard]] std::string step_result(const std::string& outcome, const std::string& home);

[[nodiscard]] event event_of(const history_api::HistoryEvent& e, const std::string& shared_queue);

// Adds to an answer what a command asks for; run_here is none of these.
void add_marker(ws::RespondWorkflowTaskCompletedRequest& out, const std::string& step,
                const std::string& outcome);
// What this process knows of the cluster when it answers.
struct circumstances {
  const slot& names;
  bool searchable = false;  // it has the attributes of labels.hpp
  std::chrono::seconds heartbeat{2};
};
void add_command(ws::RespondWorkflowTaskCompletedRequest& out, const command& c, const run_state& state,
                 const circumstances& now);

}  // namespace sluice::durable
