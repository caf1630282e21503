// A stream's declaration as JSON, as the table of streams keeps it.
#include <nlohmann/json.hpp>

#include "store/errors.hpp"
#include "store/schema.hpp"

namespace sluice::store {

namespace {

using nlohmann::json;

constexpr const char* type_names[] = {"bool",    "int64", "float64", "text",
                                      "decimal", "json",  "date",    "timestamp"};
constexpr const char* missing_names[] = {"defer", "skip", "reject"};

template <class Enum, std::size_t N>
Enum from_name(const char* const (&names)[N], const std::string& name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  throw internal(code::damaged, "a stored declaration holds the unknown word `" + name + "`");
}

}  // namespace

std::string to_json(const stream_schema& s) {
  json columns = json::array();
  for (const column& c : s.columns) {
    columns.push_back(
        {{"name", c.name}, {"type", type_names[static_cast<std::size_t>(c.type)]}, {"required", c.required}});
    if (!c.description.empty()) columns.back()["description"] = c.description;
  }
  json references = json::array();
  for (const reference& r : s.references) {
    references.push_back({{"name", r.name},
                          {"to", r.to},
                          {"columns", r.columns},
                          {"required", r.required},
                          {"on_missing", missing_names[static_cast<std::size_t>(r.missing)]},
                          {"expire_s", r.expire.count()}});
  }
  json measures = json::array();
  for (const measure& m : s.measures) {
    measures.push_back({{"name", m.name}, {"column", m.where_column}, {"value", m.where_value}});
  }
  return json{{"name", s.name},       {"version", s.version},         {"columns", columns},
              {"key", s.key},         {"derived_key", s.derived_key}, {"references", references},
              {"measures", measures}, {"indexes", s.indexes}}
      .dump();
}

stream_schema stream_from_json(std::string_view text) {
  try {
    const json j = json::parse(text);
    stream_schema s;
    s.name = j.at("name");
    s.version = j.at("version");
    s.key = j.at("key");
    s.derived_key = j.at("derived_key");
    s.indexes = j.at("indexes");
    for (const json& c : j.at("columns")) {
      s.columns.push_back({c.at("name"), from_name<column_type>(type_names, c.at("type")), c.at("required"),
                           c.value("description", "")});
    }
    for (const json& r : j.at("references")) {
      s.references.push_back({r.at("name"), r.at("to"), r.at("columns"), r.at("required"),
                              from_name<on_missing>(missing_names, r.at("on_missing")),
                              std::chrono::seconds(r.at("expire_s").get<std::int64_t>())});
    }
    for (const json& m : j.at("measures"))
      s.measures.push_back({m.at("name"), m.at("column"), m.at("value")});
    return s;
  } catch (const json::exception& e) {
    throw internal(code::damaged,
                   std::string("a stored declaration of a stream cannot be read: ") + e.what());
  }
}

}  // namespace sluice::store
