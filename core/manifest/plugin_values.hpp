// What belongs to a plugin in a manifest: nodes → JSON, checked against the plugin's JSON Schema, with the place of
// every error. Values of references take the type that the schema asks for.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "manifest/context.hpp"
#include "manifest/tables.hpp"

namespace sluice::manifest {

// The keys of `n` that are not in `core` (nor `x-…`) against `schema`; null core: all keys.
[[nodiscard]] nlohmann::json plugin_values(context&, const node& n, const shape* core,
                                           const std::string& schema, const text_policy&,
                                           const std::string& path, span name_at);

// A node as JSON, by the core schema alone.
[[nodiscard]] nlohmann::json plain_json(context&, const node&, const std::string& path, const text_policy&);

// Reports a URL whose scheme, host or port could come from elsewhere than the manifest and tenant vars.
void check_url(context&, const node& written, const std::string& resolved, bool must_be_url,
               const std::string& path);

// What a full JSON Schema validator has to say: instance path and complaint.
struct schema_complaint {
  std::vector<std::string> where;
  std::string what;
};
[[nodiscard]] std::vector<schema_complaint> validate_json(const nlohmann::json& schema,
                                                          const nlohmann::json& value);

// Reports what the full validator finds in `v`, which was made from `n`.
void report_complaints(context&, const node& n, const nlohmann::json& schema, const nlohmann::json& v,
                       const std::string& path, span name_at);

}  // namespace sluice::manifest
