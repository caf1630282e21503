// Map values, conditions and `into`: from the short forms of a manifest to the one JSON form that decode compiles.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <sluice/schema.hpp>

#include "manifest/context.hpp"

namespace sluice::manifest {

// What the values of one read can name.
struct value_scope {
  const std::vector<std::string>* parent = nullptr;  // kept names of the parent read; null: it has no parent
  bool subject = false;                              // ${subject}
  std::size_t levels = 0;                            // of explode: how far `^` may go
  std::vector<std::string> keys;                     // that `explode` names
  std::string_view why_no_parent;
};

[[nodiscard]] nlohmann::json value_json(context&, const node&, const std::string& path, const value_scope&,
                                        const column* target);
[[nodiscard]] nlohmann::json conditions_json(context&, const node&, const std::string& path,
                                             const value_scope&);

// Text, number, boolean or null.
[[nodiscard]] nlohmann::json constant_json(context&, const node&, const std::string& path,
                                           const column* target);

// One `into` after checking.
struct into_result {
  std::string stream;
  std::optional<std::string> kind;            // a constant in the column before external_id
  std::set<std::string> columns;              // wire columns that are mapped
  std::map<std::string, on_missing> missing;  // reference → what it says
  // Of these the texts that are the same for each record of an item, as templates.
  std::map<std::string, std::string> constants;
  span at;
  nlohmann::json json;
};

// `streams` are the domain's. Nothing when it names none of them.
[[nodiscard]] std::optional<into_result> into_json(context&, const node&, const std::string& path,
                                                   const std::vector<stream_schema>& streams, value_scope);

[[nodiscard]] nlohmann::json keep_json(context&, const node&, const std::string& path, const value_scope&);

}  // namespace sluice::manifest
