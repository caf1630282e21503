// The plugins that these tests believe to be installed, from catalog.json, and an environment of their own.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "manifest/check.hpp"

namespace sluice::manifest::testing {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::filesystem::path here() {
  return std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/unit/manifest";
}

inline column_type type_from(const std::string& name) {
  static const std::map<std::string, column_type> types{
      {"text", column_type::text},    {"int", column_type::int64},          {"float", column_type::float64},
      {"bool", column_type::boolean}, {"decimal", column_type::decimal},    {"date", column_type::date},
      {"json", column_type::json},    {"timestamp", column_type::timestamp}};
  return types.at(name);
}

class fake_catalog : public component_catalog {
 public:
  fake_catalog() {
    for (const auto& j : nlohmann::json::parse(read_file(here() / "catalog.json"))) add(j);
  }
  const component_info* find(component_kind kind, std::string_view name) const override {
    const auto found = all_.find({kind, std::string(name)});
    return found == all_.end() ? nullptr : &found->second;
  }
  std::vector<std::string> names(component_kind kind) const override {
    std::vector<std::string> out;
    for (const auto& [key, info] : all_) {
      if (key.first == kind) out.push_back(key.second);
    }
    return out;
  }
  // Of every kind one plugin lies there that can't be used.
  std::string refusal(component_kind, std::string_view name) const override {
    return name == "refused" ? "SLU-2003 plugins/refused/plugin.json: lacks `key`" : "";
  }
  component_info& change(component_kind kind, const std::string& name) { return all_.at({kind, name}); }

 private:
  void add(const nlohmann::json& j) {
    component_info info;
    info.name = j.at("name");
    info.version = j.at("version");
    info.description = j.at("description");
    for (auto [key, to] : {std::pair{"config", &info.config_schema},
                           std::pair{"request", &info.request_schema}, std::pair{"reads", &info.reads}}) {
      if (j.contains(key)) *to = j.at(key).dump();
    }
    for (const auto& s : j.value("streams", nlohmann::json::array())) info.streams.push_back(stream(s));
    const component_kind kind = j.at("kind") == "domain"   ? component_kind::domain
                                : j.at("kind") == "source" ? component_kind::source
                                                           : component_kind::backend;
    all_[{kind, info.name}] = info;
  }

  // Columns are written "name type", or "name! type" when required.
  static stream_schema stream(const nlohmann::json& j) {
    stream_schema s;
    s.name = j.at("name");
    s.key = j.at("key").get<std::vector<std::string>>();
    s.derived_key = j.value("derived_key", std::vector<std::string>());
    for (const std::string text : j.at("columns")) {
      const std::size_t blank = text.find(' ');
      const bool required = text[blank - 1] == '!';
      s.columns.push_back(
          {text.substr(0, blank - (required ? 1 : 0)), type_from(text.substr(blank + 1)), required, {}});
    }
    for (const auto& r : j.value("references", nlohmann::json::array())) {
      reference out;
      out.name = r.at("name");
      out.to = r.at("to");
      out.columns = r.at("columns").get<std::vector<std::string>>();
      out.required = r.value("required", false);
      s.references.push_back(out);
    }
    for (const std::string m : j.value("measures", nlohmann::json::array()))
      s.measures.push_back({m, {}, {}});
    return s;
  }

  std::map<std::pair<component_kind, std::string>, component_info> all_;
};

// What the manifests of these tests may name. CANARY_… values must show up nowhere.
inline environment fake_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    static const std::map<std::string, std::string> values{{"CRM_URL", "https://crm.example:8443"},
                                                           {"ACME_TOKEN", "CANARY_token_value"},
                                                           {"DATABASE_URL", "CANARY_dsn_value"},
                                                           {"NOT_A_BOOLEAN", "CANARY_boolean"},
                                                           {"NOT_A_NUMBER", "CANARY_number"},
                                                           {"TRICKY", "a ${tenant} and $${x}: [1, 2]"},
                                                           {"PORT", "8080"},
                                                           {"EMPTY", ""},
                                                           {"FLAG", "true"},
                                                           {"TENANTS", "acme, globex"}};
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace sluice::manifest::testing
