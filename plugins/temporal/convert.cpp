// What the server's events say.
#include "temporal/convert.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace sluice::durable {

using nlohmann::json;

namespace {

json parsed(const std::string& text) {
  json out = json::parse(text, nullptr, false);
  if (out.is_discarded())
    throw std::runtime_error("a payload is not JSON: it is not of this program's making");
  return out;
}

std::string failed_because(const ::temporal::api::failure::v1::Failure& f) { return f.message(); }

event closed(event_kind kind, std::int64_t id, std::int64_t refers, std::string text) {
  return {id, kind, {}, {}, std::move(text), refers, false};
}

event marker(const history_api::HistoryEvent& e) {
  const auto& a = e.marker_recorded_event_attributes();
  if (a.marker_name() != "step" || !a.details().contains("step"))
    return {e.event_id(), event_kind::other, {}, {}, {}, 0, false};
  const json said = parsed(json_of(a.details().at("step")));
  return {e.event_id(), event_kind::step_done, said.at("step"), {}, said.at("outcome"), 0, false};
}

event completed(const history_api::HistoryEvent& e) {
  const auto& a = e.activity_task_completed_event_attributes();
  const json said = parsed(json_of(a.result()));
  event out = closed(event_kind::step_completed, e.event_id(), a.scheduled_event_id(), said.at("outcome"));
  out.queue = said.at("home").get<std::string>();
  return out;
}

event failed(const history_api::HistoryEvent& e) {
  const auto& a = e.activity_task_failed_event_attributes();
  event out =
      closed(event_kind::step_failed, e.event_id(), a.scheduled_event_id(), failed_because(a.failure()));
  out.final = a.failure().application_failure_info().non_retryable();
  return out;
}

event task_started(const history_api::HistoryEvent& e) {
  const auto& a = e.workflow_task_started_event_attributes();
  event out = closed(event_kind::task_started, e.event_id(), 0, a.suggest_continue_as_new() ? "grown" : "");
  out.name = a.identity();
  return out;
}

event task_timed_out(const history_api::HistoryEvent& e) {
  const bool late =
      e.workflow_task_timed_out_event_attributes().timeout_type() == enums::TIMEOUT_TYPE_START_TO_CLOSE;
  return closed(event_kind::task_timed_out, e.event_id(), 0, late ? "start_to_close" : "schedule_to_start");
}

event scheduled(const history_api::HistoryEvent& e, const std::string& shared_queue) {
  const auto& a = e.activity_task_scheduled_event_attributes();
  const std::string& queue = a.task_queue().name();
  return {
      e.event_id(), event_kind::step_scheduled, a.activity_id(), queue == shared_queue ? "" : queue, {}, 0,
      false};
}

event signalled(const history_api::HistoryEvent& e) {
  const auto& a = e.workflow_execution_signaled_event_attributes();
  if (a.signal_name() != moved_signal) return closed(event_kind::other, e.event_id(), 0, {});
  return closed(event_kind::moved, e.event_id(), 0, parsed(json_of(a.input())).at("home"));
}

}  // namespace

std::string json_of(const common::Payloads& payloads) {
  return payloads.payloads_size() == 0 ? std::string() : payloads.payloads(0).data();
}

void set_json(common::Payloads& out, const std::string& text) {
  common::Payload& p = *out.add_payloads();
  (*p.mutable_metadata())["encoding"] = "json/plain";
  p.set_data(text);
}

std::string to_text(const step_input& in) {
  json out{{"run_id", in.run_id}, {"step", in.step}};
  if (in.cancel) out["cancel"] = true;
  return out.dump();
}

step_input step_input_from(const std::string& text) {
  const json in = parsed(text);
  return {in.at("run_id").get<std::string>(), in.at("step").get<std::string>(), in.value("cancel", false)};
}

std::string step_result(const std::string& outcome, const std::string& home) {
  return json{{"outcome", outcome}, {"home", home}}.dump();
}

event event_of(const history_api::HistoryEvent& e, const std::string& shared_queue) {
  const std::int64_t id = e.event_id();
  switch (e.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      return closed(event_kind::started, id, 0,
                    json_of(e.workflow_execution_started_event_attributes().input()));
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED: return task_started(e);
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT: return task_timed_out(e);
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED: return closed(event_kind::task_failed, id, 0, {});
    case enums::EVENT_TYPE_MARKER_RECORDED: return marker(e);
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: return scheduled(e, shared_queue);
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED: return completed(e);
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED: return failed(e);
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
      return closed(event_kind::step_timed_out, id,
                    e.activity_task_timed_out_event_attributes().scheduled_event_id(), {});
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      return closed(event_kind::step_cancelled, id,
                    e.activity_task_canceled_event_attributes().scheduled_event_id(), {});
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return closed(event_kind::step_cancel_asked, id,
                    e.activity_task_cancel_requested_event_attributes().scheduled_event_id(), {});
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: return signalled(e);
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      return closed(event_kind::cancel_asked, id, 0, {});
    default: return closed(event_kind::other, id, 0, {});
  }
}

}  // namespace sluice::durable
