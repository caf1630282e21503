// The only file with valijson: it knows every keyword, the walker in plugin_values.cpp knows the places.
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "manifest/plugin_values.hpp"

namespace sluice::manifest {

std::vector<schema_complaint> validate_json(const nlohmann::json& schema, const nlohmann::json& value) {
  std::vector<schema_complaint> out;
  try {
    valijson::Schema compiled;
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), compiled);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(compiled, valijson::adapters::NlohmannJsonAdapter(value), &results)) return out;
    for (const auto& e : results) {
      schema_complaint c;
      for (const std::string& step : e.context) {
        if (step.size() > 2 && step.front() == '[') c.where.push_back(step.substr(1, step.size() - 2));
      }
      c.what = e.description;
      out.push_back(std::move(c));
    }
  } catch (const std::exception& e) {
    out.push_back({{}, std::string("the plugin's own schema can't be used: ") + e.what()});
  }
  return out;
}

}  // namespace sluice::manifest
