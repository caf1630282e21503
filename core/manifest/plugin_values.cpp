#include "manifest/plugin_values.hpp"

#include <algorithm>
#include <regex>

#include "manifest/reference.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"
#include "manifest/view.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

bool has_template(const std::string& resolved) { return has_reference(resolved); }

// A pattern that is no regular expression is left to the full validator, which names it as the plugin's fault.
bool matches(const std::string& text, const std::string& pattern) {
  try {
    return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
  } catch (const std::regex_error&) {
    return true;
  }
}

class walker {
 public:
  walker(context& c, const json& root, const text_policy& policy) : c_(c), root_(root), policy_(policy) {}

  json object(const node& n, const shape* core, const json& schema, const std::string& path, span name_at);
  json value(const node& n, const json& schema, const std::string& path, span name_at, int depth = 0);

 private:
  const json& follow(const json& schema) const;
  json branch(const node& n, const json& branches, const std::string& path, span name_at, int depth);
  json scalar(const node& n, const json& schema, const std::string& path, span name_at);
  json referred(const node& n, const json& schema, const std::string& path);
  bool check_value(const json& v, const node& n, const json& schema, const std::string& path);
  void wrong(const node& n, const json& schema, const std::string& path, span name_at, std::string help = {});

  context& c_;
  const json& root_;
  text_policy policy_;
};

bool accepts(const json& schema, std::string_view type) {
  const auto t = schema.find("type");
  if (t == schema.end()) return true;
  if (t->is_string()) return *t == type;
  return std::ranges::find(*t, json(type)) != t->end();
}

std::string types_of(const json& schema) {
  const auto t = schema.find("type");
  if (t == schema.end()) return "another value";
  std::vector<std::string> names;
  for (const json& one : t->is_array() ? *t : json::array({*t})) {
    const std::string name = one.get<std::string>();
    names.push_back(name == "string"    ? "text"
                    : name == "integer" ? "a whole number"
                    : name == "number"  ? "a number"
                    : name == "boolean" ? "true or false"
                    : name == "object"  ? "a mapping"
                    : name == "array"   ? "a list"
                                        : "nothing");
  }
  return join(names, " or ");
}

void walker::wrong(const node& n, const json& schema, const std::string& path, span name_at,
                   std::string help) {
  c_.report(code::wrong_type, n.is_null() ? name_at : n.at, path, expected_found(types_of(schema), n),
            std::move(help));
}

const json& walker::follow(const json& schema) const {
  const json* s = &schema;
  for (int hops = 0; hops < 16 && s->is_object() && s->contains("$ref"); ++hops) {
    const std::string ref = s->at("$ref").get<std::string>();
    const json::json_pointer at(ref.starts_with('#') ? ref.substr(1) : std::string("/-"));
    if (!root_.contains(at)) break;
    s = &root_.at(at);
  }
  return *s;
}

json walker::object(const node& n, const shape* core, const json& schema, const std::string& path,
                    span name_at) {
  json out = json::object();
  std::string misspelt;  // such a key is not missing as well
  static const json none = json::object();
  const json& properties = schema.contains("properties") ? schema.at("properties") : none;
  const auto open = schema.find("additionalProperties");
  for (const member& m : n.members) {
    if (core != nullptr && core->find(m.key) != nullptr) continue;
    const std::string where = child_path(path, m.key);
    if (properties.contains(m.key)) {
      out[m.key] = value(m.value, properties.at(m.key), where, m.key_at);
    } else if (open != schema.end() && *open != json(false)) {
      out[m.key] = value(m.value, *open, where, m.key_at);
    } else if (open == schema.end() && schema.contains("patternProperties")) {
      out[m.key] = value(m.value, json(true), where, m.key_at);
    } else if (!m.key.starts_with("x-")) {
      std::vector<std::string> known;
      for (const auto& [key, unused] : properties.items()) known.push_back(key);
      if (core != nullptr) {
        for (const field& f : core->fields) known.emplace_back(f.key);
      }
      c_.report(code::unknown_key, m.key_at, where, "unknown key " + in_ticks(m.key),
                suggestion(m.key, known, "keys"));
      misspelt += nearest(m.key, known);
    }
  }
  if (schema.contains("required")) {
    for (const json& key : schema.at("required")) {
      const std::string name = key.get<std::string>();
      if (n.find(name) != nullptr || misspelt.find(in_ticks(name)) != std::string::npos) continue;
      const auto p = properties.find(name);
      const bool told = p != properties.end() && p->is_object() && p->contains("description");
      c_.report(code::missing_key, name_at, path, "the key " + in_ticks(name) + " is missing",
                told ? p->at("description").get<std::string>() : std::string());
    }
  }
  return out;
}

json walker::branch(const node& n, const json& branches, const std::string& path, span name_at, int depth) {
  std::size_t best = 0, fewest = static_cast<std::size_t>(-1);
  const std::size_t before = c_.count();
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const json& b = follow(branches[i]);
    const bool fits =
        (n.is_mapping() && accepts(b, "object")) || (n.is_sequence() && accepts(b, "array")) ||
        (n.is_scalar() && !(b.contains("type") && (b["type"] == "object" || b["type"] == "array")));
    const json out = value(n, b, path, name_at, depth + 1);
    const std::size_t errors = c_.count() - before + (fits ? 0 : 1000);
    c_.forget_since(before);
    if (errors == 0) return out;
    if (errors < fewest) {
      fewest = errors;
      best = i;
    }
  }
  return branches.empty() ? json() : value(n, branches[best], path, name_at, depth + 1);
}

json walker::value(const node& n, const json& given, const std::string& path, span name_at, int depth) {
  const json& schema = follow(given);
  if (!schema.is_object() || depth > max_document_depth) {
    if (schema == json(false)) c_.report(code::unknown_key, name_at, path, "this key is not allowed here");
    return plain_json(c_, n, path, policy_);
  }
  for (const char* key : {"oneOf", "anyOf"}) {
    if (schema.contains(key) && !schema.contains("properties") && !schema.contains("type")) {
      return branch(n, schema.at(key), path, name_at, depth);
    }
  }
  if (n.is_mapping()) {
    if (!accepts(schema, "object")) {
      wrong(n, schema, path, name_at);
      return {};
    }
    const bool known = schema.contains("properties") || schema.contains("additionalProperties");
    return known ? object(n, nullptr, schema, path, name_at) : plain_json(c_, n, path, policy_);
  }
  if (n.is_sequence()) {
    if (!accepts(schema, "array")) {
      wrong(n, schema, path, name_at);
      return {};
    }
    json out = json::array();
    const json any = true;
    for (std::size_t i = 0; i < n.items.size(); ++i) {
      out.push_back(value(n.items[i], schema.contains("items") ? schema.at("items") : any,
                          child_path(path, i), n.items[i].at, depth + 1));
    }
    return out;
  }
  return scalar(n, schema, path, name_at);
}

json walker::scalar(const node& n, const json& schema, const std::string& path, span name_at) {
  if (n.is_null()) {
    if (!schema.contains("type") || !accepts(schema, "null"))
      wrong(n, schema, path, name_at, "give a value, or remove the key");
    return {};
  }
  const bool secret = schema.value("x-secret", false);
  if (secret || has_reference(n.text) || classify(n) == scalar_type::text) {
    return referred(n, schema, path);
  }
  json v;
  const scalar_type type = classify(n);
  if (type == scalar_type::boolean && accepts(schema, "boolean")) {
    v = *parse_boolean(n.text);
  } else if (type == scalar_type::integer && (accepts(schema, "integer") || accepts(schema, "number")) &&
             parse_integer(n.text)) {
    v = *parse_integer(n.text);
  } else if (type == scalar_type::real && accepts(schema, "number") && parse_real(n.text)) {
    v = *parse_real(n.text);
  } else {
    wrong(n, schema, path, name_at,
          accepts(schema, "string") ? "quote it: \"" + n.text + "\"" : std::string());
    return {};
  }
  check_value(v, n, schema, path);
  return v;
}

// A text, or a value from the environment that is made what the schema asks for.
json walker::referred(const node& n, const json& schema, const std::string& path) {
  text_policy policy = policy_;
  policy.secret = schema.value("x-secret", false);
  const std::optional<std::string> text = c_.resolve(n, path, policy);
  if (!text) return {};
  if (accepts(schema, "string")) {
    const bool url = schema.value("format", std::string()) == "uri" || path.ends_with("url");
    if (!policy.secret) check_url(c_, n, *text, url, path);
    check_value(*text, n, schema, path);
    return *text;
  }
  if (n.quoted && !has_reference(n.text)) {
    wrong(n, schema, path, n.at,
          classify(n.text) == scalar_type::text ? std::string() : "leave the quotes out");
    return {};
  }
  if (const auto b = parse_boolean(*text); b && accepts(schema, "boolean")) return *b;
  if (const auto i = parse_integer(*text); i && (accepts(schema, "integer") || accepts(schema, "number"))) {
    check_value(*i, n, schema, path);
    return *i;
  }
  if (const auto r = parse_real(*text); r && accepts(schema, "number")) {
    check_value(*r, n, schema, path);
    return *r;
  }
  wrong(n, schema, path, n.at,
        has_reference(n.text)        ? "the variable must hold " + types_of(schema)
        : accepts(schema, "boolean") ? "yes, no, on and off are plain texts in YAML 1.2"
                                     : std::string());
  return {};
}

bool walker::check_value(const json& v, const node& n, const json& schema, const std::string& path) {
  const bool later = v.is_string() && has_template(v.get<std::string>());
  if (later) return true;
  if (schema.contains("enum") && std::ranges::find(schema.at("enum"), v) == schema.at("enum").end()) {
    std::vector<std::string> known;
    for (const json& one : schema.at("enum"))
      known.push_back(one.is_string() ? one.get<std::string>() : one.dump());
    c_.report(code::wrong_choice, n.at, path, expected_found("one of `" + join(known, "`, `") + "`", n),
              has_reference(n.text) ? std::string() : nearest(n.text, known));
    return false;
  }
  if (v.is_number()) {
    const double d = v.get<double>();
    const bool low = schema.contains("minimum") && d < schema.at("minimum").get<double>();
    const bool high = schema.contains("maximum") && d > schema.at("maximum").get<double>();
    if (!low && !high) return true;
    c_.report(code::out_of_range, n.at, path, in_ticks(n.text) + " is out of range",
              low ? "at least " + schema.at("minimum").dump() : "at most " + schema.at("maximum").dump());
    return false;
  }
  if (v.is_string() && schema.contains("pattern")) {
    const std::string pattern = schema.at("pattern").get<std::string>();
    const std::string text = v.get<std::string>();
    if (text.size() > 4096 || matches(text, pattern)) return true;
    c_.report(code::plugin_value, n.at, path, in_ticks(n.text) + " has not the form that the plugin asks for",
              schema.contains("description") ? schema.at("description").get<std::string>()
                                             : "it must match " + pattern);
    return false;
  }
  return true;
}

}  // namespace

json plugin_values(context& c, const node& n, const shape* core, const std::string& schema_text,
                   const text_policy& policy, const std::string& path, span name_at) {
  if (!n.is_mapping()) return json::object();
  const json schema = schema_text.empty() ? json::object() : json::parse(schema_text);
  const std::size_t before = c.count();
  json out;
  if (schema.is_object()) {
    walker w(c, schema, policy);
    out = w.object(n, core, schema, path, name_at);
  }
  if (c.count() == before && schema.is_object() && !schema.empty()) {
    report_complaints(c, n, schema, out, path, name_at);
  }
  return out;
}

}  // namespace sluice::manifest
