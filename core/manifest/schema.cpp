#include "manifest/schema.hpp"

#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "manifest/tables.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

constexpr const char* name_pattern = "^[a-z][a-z0-9_-]{0,62}$";

json def(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }

// A value of its own type, or a text with a reference that becomes it.
json or_reference(json own) {
  return {{"anyOf", {std::move(own), {{"type", "string"}, {"pattern", "\\$\\{env:"}}}}};
}

json scalar_or_list(json one) {
  json list = {{"type", "array"}, {"items", one}};
  return {{"anyOf", {std::move(one), std::move(list)}}};
}

json map_of(json value) { return {{"type", "object"}, {"additionalProperties", std::move(value)}}; }

json named(json value) {
  json out = map_of(std::move(value));
  out["propertyNames"] = {{"pattern", std::string(name_pattern) + "|^x-"}};
  return out;
}

// A plugin asks for a value; a manifest may write a reference to it.
void allow_reference(json& schema) {
  if (!schema.is_object() || !schema.contains("type") || !schema["type"].is_string()) return;
  const std::string type = schema["type"].get<std::string>();
  if (type == "object" || type == "array" || type == "null") return;
  schema = {{"anyOf", {std::move(schema), {{"type", "string"}, {"pattern", "\\$\\{"}}}}};
}

// Pointers inside a plugin's schema start at its own root; and as for the checker, an object that lists its keys has
// no others unless it says so.
void embed(json& j, const std::string& root) {
  if (j.is_object() && j.contains("$ref") && j["$ref"].is_string()) {
    const std::string to = j["$ref"].get<std::string>();
    if (to.starts_with('#')) j["$ref"] = root + to.substr(1);
  }
  if (j.is_object() && j.contains("properties") && j["properties"].is_object() &&
      !j.contains("additionalProperties") && !j.contains("patternProperties")) {
    j["additionalProperties"] = false;
  }
  for (auto& child : j) {
    if (child.is_structured()) embed(child, root);
  }
  if (!j.is_object()) return;
  for (const char* key : {"items", "additionalProperties"}) {
    if (j.contains(key)) allow_reference(j[key]);
  }
  if (j.contains("properties") && j["properties"].is_object()) {
    for (auto& property : j["properties"]) allow_reference(property);
  }
}

class composer {
 public:
  explicit composer(const component_catalog& catalog) : catalog_(catalog) {}

  json run() {
    for (const shape* s : all_shapes()) defs_[std::string(s->name)] = object(*s);
    finish_special_shapes();
    for (const shape* s : {&source_shape, &domain_shape, &backend_shape}) with_plugins(*s);
    json out = defs_["manifest"];
    defs_.erase("manifest");
    out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    out["title"] = "sluice manifest";
    out["$defs"] = std::move(defs_);
    return out;
  }

 private:
  json object(const shape& s) {
    json out = {{"type", "object"},
                {"description", s.about},
                {"additionalProperties", false},
                {"patternProperties", {{"^x-", json::object()}}},
                {"properties", json::object()}};
    for (const field& f : s.fields) {
      json p = property(s, f);
      p["description"] = f.about;
      out["properties"][std::string(f.key)] = std::move(p);
      if (f.required) out["required"].push_back(f.key);
    }
    return out;
  }

  json property(const shape& s, const field& f) {
    using enum field_type;
    switch (f.type) {
      case text: return {{"type", "string"}};
      case name: return or_reference({{"type", "string"}, {"pattern", name_pattern}});
      case boolean: return or_reference({{"type", "boolean"}});
      case integer: {
        json own = {{"type", "integer"}};
        if (f.most > f.least) {
          own["minimum"] = static_cast<std::int64_t>(f.least);
          own["maximum"] = static_cast<std::int64_t>(f.most);
        }
        return or_reference(std::move(own));
      }
      case ratio: return or_reference({{"type", "string"}, {"pattern", "^[0-9.]+%$"}});
      case duration: return or_reference({{"type", "string"}, {"pattern", "^[0-9.]+(us|ms|s|m|h|d)$"}});
      case rate: return or_reference({{"type", "string"}, {"pattern", "^[0-9.]+/[smh]$"}});
      case choice: return or_reference({{"enum", f.choices}});
      case pointer: return {{"type", "string"}};
      case texts: return {{"type", "array"}, {"items", {{"type", "string"}}}};
      case mapping: return def(std::string(f.inner->name));
      case named: return manifest::named(def(std::string(f.inner->name)));
      case list: return list_of(f);
      case special: break;
    }
    return special_property(s, f);
  }

  static json list_of(const field& f) {
    json item = def(std::string(f.inner->name));
    if (f.inner == &where_shape) return scalar_or_list(std::move(item));
    if (f.inner == &item_shape) {
      json one = map_of({{"anyOf", {item, {{"type", "null"}}}}});
      one["maxProperties"] = one["minProperties"] = 1;
      item = {{"anyOf", {{{"type", "string"}}, std::move(one)}}};
    }
    return {{"type", "array"}, {"items", std::move(item)}};
  }

  json special_property(const shape& s, const field& f) {
    const json texts = map_of({{"type", "string"}});
    const json constant = {{"type", {"string", "number", "boolean", "null"}}};
    const json text = {{"type", "string"}};
    static const std::map<std::string_view, int> kinds{
        {"vars", 0},  {"secrets", 0}, {"only", 1},    {"for_each", 1}, {"is", 2},        {"not", 2},
        {"const", 2}, {"default", 2}, {"over", 3},    {"keep", 4},     {"map", 4},       {"concat", 5},
        {"any", 5},   {"explode", 6}, {"request", 7}, {"tenants", 8},  {"on_missing", 9}};
    switch (kinds.at(f.key)) {
      case 0: return texts;
      case 1: return scalar_or_list(text);
      case 2: return constant;
      case 3: return {{"type", {"string", "integer"}}};
      case 4: return map_of(s.name == "into" ? def("mapped") : def("value"));
      case 5: return {{"type", "array"}, {"items", def("value")}};
      case 6: return scalar_or_list({{"anyOf", {text, def("explode")}}});
      case 7: return requests();
      case 9: return map_of({{"enum", {"defer", "skip", "reject"}}});
      default: return def("tenants");
    }
  }

  // Which source a read uses is known by name only, so any source's request will do here.
  json requests() {
    json any = json::array();
    for (const std::string& name : catalog_.names(component_kind::source)) {
      const component_info& info = *catalog_.find(component_kind::source, name);
      if (!info.request_schema.empty())
        any.push_back(add_plugin_schema("request." + name, info.request_schema));
    }
    return any.empty() ? json{{"type", "object"}} : json{{"anyOf", std::move(any)}};
  }

  json add_plugin_schema(const std::string& name, const std::string& text) {
    json schema = json::parse(text);
    embed(schema, "#/$defs/" + name);
    defs_[name] = std::move(schema);
    return def(name);
  }

  // Shapes that have a short form or keys of their own.
  void finish_special_shapes() {
    json value = std::move(defs_["value"]);
    defs_["value"] = {{"description", value_shape.about},
                      {"anyOf", {{{"type", {"string", "number", "boolean"}}}, std::move(value)}}};
    defs_["mapped"] = {{"anyOf", {def("value"), map_of(def("value"))}}};
    defs_["tenants"]["additionalProperties"] = {{"anyOf", {def("tenant"), {{"type", "null"}}}}};
    json down = std::move(defs_["when_unavailable"]);
    defs_["when_unavailable"] = {{"anyOf", {{{"const", "wait"}}, std::move(down)}}};
    defs_["read"]["required"] = {"from"};
  }

  // For each installed plugin: when `uses` names it, its keys are allowed beside the core's, and no others.
  void with_plugins(const shape& s) {
    json& base = defs_[std::string(s.name)];
    json cases = json::array(), names = json::array();
    for (const std::string& name : catalog_.names(s.plugin)) {
      const component_info& info = *catalog_.find(s.plugin, name);
      names.push_back(name);
      json then = {{"properties", base["properties"]},
                   {"patternProperties", base["patternProperties"]},
                   {"additionalProperties", false}};
      if (!info.config_schema.empty()) {
        json config = json::parse(info.config_schema);
        const std::string key = std::string(s.name) + "." + name;
        embed(config, "#/$defs/" + key);
        if (config.contains("$defs")) defs_[key] = {{"$defs", config["$defs"]}};
        const json properties = config.value("properties", json::object());
        for (const auto& [property, schema] : properties.items()) {
          if (!then["properties"].contains(property)) then["properties"][property] = schema;
        }
        if (config.contains("required")) then["required"] = config["required"];
        const json open = config.value("additionalProperties", json(false));
        if (open != json(false)) then["additionalProperties"] = open;
      }
      if (s.plugin == component_kind::domain) {
        then["properties"]["reads"] = named(domain_read(info));
      }
      cases.push_back({{"if", {{"properties", {{"uses", {{"const", name}}}}}}}, {"then", std::move(then)}});
    }
    base.erase("additionalProperties");
    base.erase("patternProperties");
    if (!names.empty()) base["properties"]["uses"]["enum"] = std::move(names);
    if (!cases.empty()) base["allOf"] = std::move(cases);
  }

  // A read of this domain: its streams and their columns are known.
  json domain_read(const component_info& domain) {
    const std::string into = "into." + domain.name, read = "read." + domain.name,
                      subject = "subject." + domain.name;
    defs_[into] = defs_["into"];
    json& d = defs_[into];
    json streams = json::array();
    for (const stream_schema& s : domain.streams) {
      streams.push_back(s.name);
      d["allOf"].push_back({{"if", {{"properties", {{"stream", {{"const", s.name}}}}}}},
                            {"then", {{"properties", {{"map", columns(s)}}}}}});
    }
    d["properties"]["stream"]["enum"] = std::move(streams);
    for (const auto& [name, base] : {std::pair{read, "read"}, std::pair{subject, "subject"}}) {
      defs_[name] = defs_[base];
      defs_[name]["properties"]["into"]["items"] = def(into);
    }
    defs_[read]["properties"]["subject"] = def(subject);
    return def(read);
  }

  static json columns(const stream_schema& s) {
    json properties = json::object();
    for (const column& c : s.columns) {
      properties[c.name] = def("value");
      if (!c.description.empty()) properties[c.name]["description"] = c.description;
    }
    for (const reference& r : s.references) {
      json key = {{"type", "object"}, {"additionalProperties", false}};
      for (const std::string& c : r.columns) {
        key["properties"][c] = properties[r.name + "." + c] = def("value");
      }
      properties[r.name] = {{"anyOf", {def("value"), std::move(key)}}};
    }
    properties[std::string(source_version_column)] = def("value");
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"additionalProperties", false},
            {"patternProperties", {{"^x-", json::object()}}}};
  }

  const component_catalog& catalog_;
  json defs_ = json::object();
};

}  // namespace

std::string schema_json(const component_catalog& catalog) { return composer(catalog).run().dump(2); }

}  // namespace sluice::manifest
