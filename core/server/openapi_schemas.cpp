// What the API answers, for /openapi.json. Objects may gain members; nobody should refuse them for that.
#include "server/openapi_schemas.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

json words() { return {{"type", "string"}}; }
json maybe(const char* type) { return {{"type", {type, "null"}}}; }
json ref(const char* name) { return {{"$ref", std::string("#/components/schemas/") + name}}; }
json object(json properties, json required) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json texts_and(std::initializer_list<const char*> names, json more) {
  for (const char* name : names) more[name] = words();
  return {{"type", "object"}, {"properties", std::move(more)}};
}

json run_schema() {
  const json state{{"type", "string"},
                   {"enum", {"queued", "running", "succeeded", "partial", "held", "failed", "cancelled"}}};
  const json error = object({{"code", words()}, {"message", words()}}, {"code", "message"});
  const json essential =
      object({{"over", {{"type", "boolean"}}},
              {"deadline_ms", {{"type", "integer"}}},
              {"deadline_missed", {{"type", "boolean"}}},
              {"stages",
               {{"type", "array"},
                {"items", object({{"stage", words()}, {"state", words()}, {"read_at", maybe("string")}},
                                 {"stage", "state", "read_at"})}}}},
             {"over"});
  return object({{"run_id", words()},
                 {"correlation_id", words()},
                 {"tenant", words()},
                 {"pipeline", words()},
                 {"scope", words()},
                 {"state", state},
                 {"essential", essential},
                 {"mode", words()},
                 {"backend", words()},
                 {"route_reason", words()},
                 {"manifest_hash", words()},
                 {"created_at", maybe("string")},
                 {"essential_at", maybe("string")},
                 {"ended_at", maybe("string")},
                 {"essential_ms", maybe("integer")},
                 {"duration_ms", maybe("integer")},
                 {"streams", {{"type", "object"}}},
                 {"stages", {{"type", "array"}, {"items", {{"type", "object"}}}}},
                 {"left_out", {{"type", "array"}, {"items", words()}}},
                 {"retry_of", words()},
                 {"error", error},
                 {"stuck", words()}},
                {"run_id", "correlation_id", "tenant", "pipeline", "scope", "state", "essential", "backend"});
}

json problem_schema() {
  const json misfit = object({{"pointer", words()}, {"detail", words()}}, {"pointer", "detail"});
  return object({{"type", words()},
                 {"title", words()},
                 {"status", {{"type", "integer"}}},
                 {"detail", words()},
                 {"code", {{"type", "string"}, {"pattern", "^SLU-[0-9]{4}$"}}},
                 {"correlation_id", words()},
                 {"retryable", {{"type", "boolean"}}},
                 {"next", words()},
                 {"errors", {{"type", "array"}, {"items", misfit}}}},
                {"type", "title", "status", "detail", "code", "correlation_id", "retryable"});
}

json run_schemas() {
  return {{"Any", {{"type", "object"}}},
          {"Status", object({{"status", words()}}, {"status"})},
          {"Run", run_schema()},
          {"RunList",
           object({{"runs", {{"type", "array"}, {"items", ref("Run")}}}, {"next_cursor", maybe("string")}},
                  {"runs", "next_cursor"})},
          {"Started",
           object({{"essential_over", {{"type", "boolean"}}},
                   {"subject", ref("Run")},
                   {"tenant", ref("Run")},
                   {"put_off",
                    object({{"code", words()}, {"detail", words()}, {"retry_after", {{"type", "integer"}}}},
                           {"code", "detail", "retry_after"})}},
                  {"essential_over"})},
          {"Events",
           texts_and({"id", "data"}, {{"event", {{"type", "string"}, {"enum", {"run", "stage", "end"}}}}})},
          {"Page", words()},
          {"File", words()},
          {"Exposition", words()},
          {"Problem", problem_schema()}};
}

json list_of(const char* name, json item) {
  return object({{name, {{"type", "array"}, {"items", std::move(item)}}}}, json::array({name}));
}

json routing_schema() {
  const json condition = texts_and({"condition", "of", "was_over_at"}, {{"holds", {{"type", "boolean"}}},
                                                                        {"value", {{"type", "number"}}},
                                                                        {"threshold", {{"type", "number"}}}});
  const json rule =
      texts_and({"backend", "why"}, {{"rule", {{"type", "integer"}}},
                                     {"matched", {{"type", "boolean"}}},
                                     {"conditions", {{"type", "array"}, {"items", condition}}}});
  const json away = texts_and({"backend", "code", "why", "since"}, json::object());
  return list_of("routing", texts_and({"pipeline", "backend", "reason", "default"},
                                      {{"rules", {{"type", "array"}, {"items", rule}}},
                                       {"unavailable", {{"type", "array"}, {"items", away}}}}));
}

json list_schemas() {
  const json reject = texts_and(
      {"run_id", "at", "tenant", "stage", "item", "stream", "key", "field", "reason", "raw"},
      {{"id", {{"type", "integer"}}}, {"page", {{"type", "integer"}}}, {"record", maybe("integer")}});
  const json deferred = texts_and({"tenant", "stream", "key", "reference", "parent_stream", "parent_key",
                                   "run_id", "first_seen_at", "expires_at"},
                                  json::object());
  const json manifest = texts_and({"pipeline"}, {{"good", {{"type", "boolean"}}},
                                                 {"same_as_served", {{"type", "boolean"}}},
                                                 {"diagnostics", {{"type", "array"}}}});
  json check = list_of("manifests", manifest);
  check["properties"]["good"] = {{"type", "boolean"}};
  json reloaded = list_of("stale", texts_and({"manifest", "why"}, json::object()));
  reloaded["properties"]["pipelines"] = {{"type", "array"}, {"items", words()}};
  return {
      {"RejectList", list_of("rejects", reject)},
      {"DeferredList", list_of("deferred", deferred)},
      {"TenantList", list_of("tenants", texts_and({"tenant", "first_seen_at", "seen_at"}, json::object()))},
      {"Routing", routing_schema()},
      {"AdviceList", list_of("advice", texts_and({"pipeline", "from", "to", "default"},
                                                 {{"complete", {{"type", "boolean"}}},
                                                  {"backends", {{"type", "array"}}},
                                                  {"tenants", {{"type", "array"}}},
                                                  {"gained", {{"type", "array"}}},
                                                  {"moves", {{"type", "array"}}}}))},
      {"PluginList", list_of("plugins", {{"type", "object"}})},
      {"ManifestCheck", check},
      {"Reloaded", reloaded}};
}

json figures_of(std::initializer_list<const char*> names) {
  json took = object({{"count", {{"type", "integer"}}}}, {"count"});
  took["type"] = {"object", "null"};
  for (const char* name : {"average", "p50", "p90", "p95", "p99", "max"})
    took["properties"][name] = {{"type", "number"}};
  json out = texts_and(names, {{"runs", {{"type", "integer"}}},
                               {"failed", {{"type", "integer"}}},
                               {"cancelled", {{"type", "integer"}}},
                               {"states", {{"type", "object"}}},
                               {"success_rate", maybe("number")},
                               {"failure_rate", maybe("number")},
                               {"essential_ms", took},
                               {"background_ms", took},
                               {"duration_ms", took},
                               {"requests", {{"type", "integer"}}},
                               {"retries", {{"type", "integer"}}},
                               {"errors", {{"type", "object"}}}});
  out["required"] = {"runs",          "failed",      "success_rate", "essential_ms",
                     "background_ms", "duration_ms", "errors"};
  return out;
}

json metrics_schema() {
  json out = texts_and({"from", "to"}, {{"window_s", {{"type", "integer"}}},
                                        {"complete", {{"type", "boolean"}}},
                                        {"total", figures_of({})},
                                        {"over_time", {{"type", "object"}}},
                                        {"errors", {{"type", "array"}}}});
  for (const auto& [list, name] : {std::pair("pipelines", "pipeline"),
                                   {"backends", "backend"},
                                   {"domains", "domain"},
                                   {"phases", "phase"},
                                   {"tenants", "tenant"}})
    out["properties"][list] = {{"type", "array"}, {"items", figures_of({name})}};
  out["required"] = {"window_s", "from", "to", "complete", "total", "errors"};
  return out;
}

json host_schema() {
  const json source = texts_and({"pipeline", "source"}, {{"sick", {{"type", "boolean"}}}});
  const json away = texts_and({"pipeline", "backend", "code", "since", "why"}, json::object());
  return texts_and({}, {{"active", {{"type", "integer"}}},
                        {"queued", {{"type", "integer"}}},
                        {"sources", {{"type", "array"}, {"items", source}}},
                        {"backends_away", {{"type", "array"}, {"items", away}}}});
}

json health_schema() {
  json out = texts_and({}, {{"status", {{"type", "string"}, {"enum", {"healthy", "degraded", "unhealthy"}}}},
                            {"why", {{"type", "array"}, {"items", words()}}},
                            {"runs", {{"type", "object"}}},
                            {"stuck", {{"type", "array"}}},
                            {"held", {{"type", "array"}}},
                            {"alerts", {{"type", "array"}}},
                            {"advice", {{"type", "array"}}},
                            {"host", host_schema()},
                            {"stale", {{"type", "array"}}}});
  out["required"] = {"status", "why", "runs", "stuck", "held"};
  return out;
}

}  // namespace

json answer_schemas() {
  json out = run_schemas();
  out.update(list_schemas());
  out["Metrics"] = metrics_schema();
  out["Health"] = health_schema();
  return out;
}

}  // namespace sluice::server
