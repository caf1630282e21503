#include "server/openapi.hpp"

#include <cctype>
#include <string>

#include "server/openapi_schemas.hpp"
#include "server/routes.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

json ref(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

json path_parameters(std::string_view path) {
  json out = json::array();
  for (std::size_t at = 0; (at = path.find('{', at)) != std::string_view::npos;) {
    const std::size_t end = path.find('}', at);
    const std::string name(path.substr(at + 1, end - at - 1));
    out.push_back(
        {{"name", name},
         {"in", "path"},
         {"required", true},
         {"schema",
          {{"type", "string"}, {"minLength", 1}, {"maxLength", 256}, {"pattern", without_controls}}}});
    at = end;
  }
  return out;
}

json header(const char* name, const char* what) {
  return {{"name", name}, {"in", "header"}, {"description", what}, {"schema", {{"type", "string"}}}};
}

json parameters_of(const route& r) {
  json out = path_parameters(r.path);
  for (const query_parameter& q : r.query) {
    out.push_back({{"name", q.name},
                   {"in", "query"},
                   {"required", q.required},
                   {"description", q.what},
                   {"schema", q.schema()}});
  }
  json id = header("X-Correlation-ID", "for the log; made up when it is missing");
  id["schema"]["pattern"] = "^[A-Za-z0-9._:-]{1,128}$";
  out.push_back(std::move(id));
  if (r.about == reach::tenant)
    out.push_back(header("Prefer", "`wait=N`: at most so many seconds until the answer"));
  return out;
}

std::string description_of(unsigned status) {
  switch (status) {
    case 200: return "as asked";
    case 202: return "under way; `Location` says where to look";
    default: return "done";
  }
}

const char* name_of(reach about) {
  constexpr const char* names[] = {"host", "tenant", "object", "list"};
  return names[static_cast<std::size_t>(about)];
}

const char* type_of(std::string_view answers) {
  if (answers == "Events") return "text/event-stream";
  if (answers == "Page") return "text/html";
  if (answers == "Exposition") return "text/plain";
  return answers == "File" ? "*/*" : "application/json";
}

json answers_of(const route& r) {
  json out = json::object();
  for (const unsigned status : r.statuses) {
    out[std::to_string(status)] = {{"description", description_of(status)},
                                   {"content", {{type_of(r.answers), {{"schema", ref(r.answers)}}}}}};
  }
  const json problem{{"description", "what was wrong, with its code"},
                     {"content", {{"application/problem+json", {{"schema", ref("Problem")}}}}}};
  if (r.id == "readyz")
    out["503"] = {{"description", "not now"},
                  {"content", {{"application/json", {{"schema", ref("Status")}}}}}};
  out["default"] = problem;
  return out;
}

}  // namespace

json openapi(described what) {
  json paths = json::object();
  for (const route& r : routes()) {
    if (r.needs == right::admin && what == described::without_administration) continue;
    json operation{{"operationId", r.id},
                   {"summary", r.summary},
                   {"parameters", parameters_of(r)},
                   {"responses", answers_of(r)}};
    operation["x-sluice-about"] = name_of(r.about);
    if (r.needs == right::anybody) operation["security"] = json::array();
    else operation["x-sluice-right"] = to_string(r.needs);
    if (r.body != nullptr) {
      operation["requestBody"] = {{"required", false},
                                  {"content", {{"application/json", {{"schema", r.body()}}}}}};
    }
    std::string method(r.method);
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    paths[std::string(r.path)][method] = std::move(operation);
  }
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "sluice"}, {"version", "1"}, {"description", "The API of a serving host."}}},
          {"paths", std::move(paths)},
          {"security", json::array({{{"token", json::array()}}})},
          {"components",
           {{"schemas", answer_schemas()},
            {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace sluice::server
