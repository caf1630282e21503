#include "server/body.hpp"

#include <algorithm>

#include "decode/text.hpp"
#include "plugin/strict_json.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

bool is_of(const json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  return type == "object" && value.is_object();
}

// Characters, as JSON Schema counts them.
std::size_t length_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

class checker {
 public:
  void check(const json& value, const json& schema, const std::string& at) {
    const std::string type = schema.at("type");
    if (!is_of(value, type)) return add(at, "must be of type " + type);
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
      return add(at, "must be one of " + schema["enum"].dump());
    if (value.is_object()) check_object(value, schema, at);
    if (value.is_string()) {
      const std::size_t n = length_of(value.get_ref<const std::string&>());
      check_range(static_cast<std::int64_t>(n), schema, "minLength", "maxLength", " characters", at);
    }
    if (value.is_number_integer())
      check_range(value.get<std::int64_t>(), schema, "minimum", "maximum", "", at);
  }
  json found = json::array();

 private:
  void add(const std::string& at, const std::string& what) {
    found.push_back({{"pointer", at}, {"detail", what}});
  }

  void check_range(std::int64_t n, const json& schema, const char* least, const char* most, const char* of,
                   const std::string& at) {
    if (schema.contains(least) && n < schema[least].get<std::int64_t>())
      add(at, "must be at least " + schema[least].dump() + of);
    if (schema.contains(most) && n > schema[most].get<std::int64_t>())
      add(at, "must be at most " + schema[most].dump() + of);
  }

  void check_object(const json& value, const json& schema, const std::string& at) {
    using plugin::operator/;
    const json known = schema.value("properties", json::object());
    for (const auto& [key, member] : value.items()) {
      if (known.contains(key)) check(member, known[key], at / key);
      else add(at / key, "is not known here; known: " + names_of(known));
    }
    for (const auto& key : schema.value("required", json::array())) {
      if (!value.contains(key.get<std::string>())) add(at / key.get<std::string>(), "is required");
    }
  }

  static std::string names_of(const json& known) {
    std::string out;
    for (const auto& [key, schema] : known.items()) out += (out.empty() ? "`" : ", `") + key + "`";
    return out.empty() ? "nothing" : out;
  }
};

}  // namespace

json misfits(const json& value, const json& schema) {
  checker c;
  c.check(value, schema, "");
  return c.found;
}

json read_body(const std::string& text, const json& schema) {
  if (text.empty()) return json::object();
  if (decode::find_invalid_utf8(text) != std::string::npos)
    throw refusal(400, code::bad_body, "the body is not UTF-8");
  plugin::problem_list problems("body");
  const auto value = plugin::parse_strict(text, problems);
  if (!value) {
    const std::string why = problems.items().empty() ? "it is not JSON" : problems.items().front().message;
    throw refusal(400, code::bad_body, "the body can't be read: " + why);
  }
  json wrong = misfits(*value, schema);
  if (wrong.empty()) return *value;
  const std::string first =
      wrong.front()["pointer"].get<std::string>() + " " + wrong.front()["detail"].get<std::string>();
  throw refusal(400, code::bad_body, "the body does not fit: " + first).about(std::move(wrong));
}

}  // namespace sluice::server
