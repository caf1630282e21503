#include "plugin/metadata.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "plugin/codes.hpp"
#include "plugin/file.hpp"
#include "plugin/loader.hpp"
#include "plugin/stream_reader.hpp"
#include "plugin/strict_json.hpp"
#include "plugin/suggest.hpp"

namespace sluice::plugin {

using nlohmann::json;

namespace {

constexpr std::size_t largest_metadata = 1 << 20;

std::optional<sdk_version> read_sdk(std::string_view text) {
  sdk_version out;
  const char* end = text.data() + text.size();
  const auto [dot, bad_major] = std::from_chars(text.data(), end, out.major);
  if (bad_major != std::errc{} || dot == end || *dot != '.') return std::nullopt;
  const auto [rest, bad_minor] = std::from_chars(dot + 1, end, out.minor);
  if (bad_minor != std::errc{} || rest != end) return std::nullopt;
  return out;
}

// A secret is text: marking anything else would protect nothing.
void check_schema(const json& schema, const std::string& pointer, problem_list& problems) {
  if (schema.is_array()) {
    for (std::size_t i = 0; i < schema.size(); ++i) check_schema(schema[i], at_index(pointer, i), problems);
  }
  if (!schema.is_object()) return;
  if (const auto secret = schema.find("x-secret"); secret != schema.end() && !secret->is_object()) {
    if (!secret->is_boolean())
      problems.add(code::metadata_wrong, pointer / "x-secret", "must be true or false");
    else if (*secret && schema.value("type", json()) != "string") {
      problems.add(code::metadata_wrong, pointer, "is marked x-secret but is not of type string");
    }
  }
  for (const auto& [key, value] : schema.items()) check_schema(value, pointer / key, problems);
}

json read_schema(object_reader& o, const char* key, problem_list& problems) {
  if (o.find(key) == nullptr) return {{"type", "object"}, {"additionalProperties", false}};
  json out = o.object(key);
  if (out.value("type", json("object")) != "object") o.fail(key, "must describe an object");
  check_schema(out, o.pointer() / key, problems);
  return out;
}

void read_domain(component& out, object_reader& o, problem_list& problems) {
  const std::string streams = o.pointer() / "streams";
  (void)o.require("streams");
  o.each("streams", [&](const json& v, const std::string& p) {
    out.streams.push_back(read_stream(v, p, problems));
    if (v.is_object()) check_stream(out.streams.back(), p, problems);
  });
  if (const json* v = o.find("streams"); v != nullptr && v->is_array() && v->empty()) {
    o.fail("streams", "a domain needs at least one stream");
  }
  out.reads = o.object("reads");
  for (const auto& [name, read] : out.reads.items()) {
    if (!is_name(name)) problems.add(code::metadata_wrong, o.pointer() / "reads" / name, "is not a name");
    if (!read.is_object())
      problems.add(code::metadata_wrong, o.pointer() / "reads" / name, "must be an object");
  }
}

// Absent: the kind is unknown to this host, which only warns.
std::optional<component> read_component(const json& value, const std::string& pointer,
                                        problem_list& problems) {
  object_reader o(value, pointer, problems);
  const std::string kind = o.required_text("kind");
  component out;
  if (const auto known = component_kind_from(kind)) {
    out.kind = *known;
  } else {
    if (!kind.empty()) {
      problems.warn(code::unknown_kind, pointer / "kind",
                    "this host knows no kind `" + kind + "`; the component is skipped",
                    suggestion(kind, std::vector<std::string>{"domain", "source", "backend"}));
    }
    return std::nullopt;
  }
  out.name = o.name("name");
  out.description = o.text("description");
  out.config_schema = read_schema(o, "config", problems);
  out.capabilities = o.object("capabilities");
  out.reads = json::object();
  if (out.kind == component_kind::domain) read_domain(out, o, problems);
  if (out.kind == component_kind::source) out.request_schema = read_schema(o, "request", problems);
  o.done();
  return out;
}

void refuse_twice(const metadata& m, problem_list& problems) {
  std::set<std::pair<component_kind, std::string>> components;
  std::set<std::string> streams;
  for (const component& c : m.components) {
    if (!components.emplace(c.kind, c.name).second) {
      problems.add(code::duplicate, "/components",
                   std::string(to_text(c.kind)) + " `" + c.name + "` is declared twice");
    }
    for (const stream_schema& s : c.streams) {
      if (!streams.insert(s.name).second) {
        problems.add(code::duplicate, "/components", "stream `" + s.name + "` is declared twice");
      }
    }
  }
}

// False: the plugin is for another generation of sluice, and the rest of the file may follow other rules.
bool check_sdk(const metadata& m, problem_list& problems) {
  const sdk_version host = host_sdk();
  const std::string needs = "plugin `" + m.name + "` " + m.version + " needs sluice SDK " + to_text(m.sdk) +
                            "; this host has SDK " + to_text(host) + " (sluice " +
                            std::string(host_version()) + ")";
  if (m.sdk.major > host.major || (m.sdk.major == host.major && m.sdk.minor > host.minor)) {
    problems.add(code::newer_sdk, "/sdk", needs,
                 "upgrade sluice on this host, or install an older build of the plugin");
    return false;
  }
  if (m.sdk.major < host.major) {
    problems.add(code::older_sdk, "/sdk", needs,
                 "the plugin's maker has to build it for SDK " + std::to_string(host.major) + ".x");
    return false;
  }
  return true;
}

metadata read_plugin(const json& value, problem_list& problems) {
  metadata out;
  object_reader o(value, "", problems);
  out.name = o.name("name");
  out.version = o.required_text("version");
  const bool plain =
      std::none_of(out.version.begin(), out.version.end(), [](char c) { return c <= ' ' || c > '~'; });
  if (!plain || out.version.size() > 64) o.fail("version", "must be up to 64 characters without blanks");
  const std::string sdk = o.required_text("sdk");
  if (const auto version = read_sdk(sdk)) {
    out.sdk = *version;
    if (!check_sdk(out, problems)) return out;
  } else if (!sdk.empty()) {
    o.fail("sdk", "`" + sdk + "` is not a version", "write it like \"" + to_text(host_sdk()) + "\"");
  }
  out.description = o.text("description");
  out.license = o.text("license");
  if (const json* list = o.require("components"); list != nullptr && list->is_array() && list->empty()) {
    o.fail("components", "a plugin needs at least one component");
  }
  o.each("components", [&](const json& v, const std::string& p) {
    if (auto c = read_component(v, p, problems)) out.components.push_back(std::move(*c));
  });
  o.done();
  refuse_twice(out, problems);
  return out;
}

}  // namespace

metadata_result parse_metadata(std::string text, const std::string& file) {
  problem_list problems(file);
  metadata_result out;
  if (const auto value = parse_strict(text, problems)) {
    metadata m = read_plugin(*value, problems);
    m.text = std::move(text);
    if (!problems.failed()) out.value = std::move(m);
  }
  out.problems = std::move(problems.items());
  return out;
}

metadata_result read_metadata(const std::filesystem::path& file) {
  problem_list problems(file.string());
  if (const auto text = read_file(file, largest_metadata, code::metadata_unreadable, problems)) {
    return parse_metadata(*text, file.string());
  }
  return {std::nullopt, std::move(problems.items())};
}

}  // namespace sluice::plugin
