// What the API answers, for /openapi.json. Objects may gain members; nobody should refuse them for that.
#include "server/openapi_schemas.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

json text() { return {{"type", "string"}}; }
json maybe(const char* type) { return {{"type", {type, "null"}}}; }
json ref(const char* name) { return {{"$ref", std::string("#/components/schemas/") + name}}; }
json object(json properties, json required) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json run_schema() {
  const json state{{"type", "string"},
                   {"enum", {"queued", "running", "succeeded", "partial", "held", "failed", "cancelled"}}};
  const json error = object({{"code", text()}, {"message", text()}}, {"code", "message"});
  const json essential =
      object({{"over", {{"type", "boolean"}}},
              {"deadline_ms", {{"type", "integer"}}},
              {"deadline_missed", {{"type", "boolean"}}},
              {"stages",
               {{"type", "array"},
                {"items", object({{"stage", text()}, {"state", text()}, {"read_at", maybe("string")}},
                                 {"stage", "state", "read_at"})}}}},
             {"over"});
  return object({{"run_id", text()},
                 {"correlation_id", text()},
                 {"tenant", text()},
                 {"pipeline", text()},
                 {"scope", text()},
                 {"state", state},
                 {"essential", essential},
                 {"mode", text()},
                 {"backend", text()},
                 {"route_reason", text()},
                 {"manifest_hash", text()},
                 {"created_at", maybe("string")},
                 {"essential_at", maybe("string")},
                 {"ended_at", maybe("string")},
                 {"essential_ms", maybe("integer")},
                 {"duration_ms", maybe("integer")},
                 {"streams", {{"type", "object"}}},
                 {"stages", {{"type", "array"}, {"items", {{"type", "object"}}}}},
                 {"left_out", {{"type", "array"}, {"items", text()}}},
                 {"retry_of", text()},
                 {"error", error},
                 {"stuck", text()}},
                {"run_id", "correlation_id", "tenant", "pipeline", "scope", "state", "essential", "backend"});
}

json problem_schema() {
  const json misfit = object({{"pointer", text()}, {"detail", text()}}, {"pointer", "detail"});
  return object({{"type", text()},
                 {"title", text()},
                 {"status", {{"type", "integer"}}},
                 {"detail", text()},
                 {"code", {{"type", "string"}, {"pattern", "^SLU-[0-9]{4}$"}}},
                 {"correlation_id", text()},
                 {"retryable", {{"type", "boolean"}}},
                 {"next", text()},
                 {"errors", {{"type", "array"}, {"items", misfit}}}},
                {"type", "title", "status", "detail", "code", "correlation_id", "retryable"});
}

}  // namespace

json answer_schemas() {
  return {
      {"Any", {{"type", "object"}}},
      {"Status", object({{"status", text()}}, {"status"})},
      {"Run", run_schema()},
      {"RunList",
       object({{"runs", {{"type", "array"}, {"items", ref("Run")}}}, {"next_cursor", maybe("string")}},
              {"runs", "next_cursor"})},
      {"Started",
       object({{"essential_over", {{"type", "boolean"}}}, {"subject", ref("Run")}, {"tenant", ref("Run")}},
              {"essential_over"})},
      {"Problem", problem_schema()}};
}

}  // namespace sluice::server
