#include "store/partition_match.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace sluice::store {

bool lies_in(const partition_filter& filter, const stream_schema& stream, const std::string& row) {
  const nlohmann::json values = nlohmann::json::parse(row);
  const auto has = [&](const std::string& column, const std::string& value) {
    const auto at = values.find(column);
    return at != values.end() && *at == value;
  };
  return std::all_of(filter.columns.begin(), filter.columns.end(),
                     [&](const auto& c) { return has(c.first, c.second); }) &&
         std::all_of(filter.parents.begin(), filter.parents.end(), [&](const partition_filter::parent& p) {
           const std::string prefix = stream.references.at(p.reference).name + ".";
           return std::all_of(p.key.begin(), p.key.end(),
                              [&](const auto& k) { return has(prefix + k.first, k.second); });
         });
}

}  // namespace sluice::store
