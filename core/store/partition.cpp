#include "store/partition.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "store/errors.hpp"
#include "store/prepare.hpp"

namespace sluice::store {

namespace {

std::optional<std::string> expand(const std::vector<engine::value_piece>& pieces,
                                  const nlohmann::json& vars) {
  std::string out;
  for (const engine::value_piece& p : pieces) {
    if (!p.variable) {
      out += p.text;
      continue;
    }
    const auto found = vars.find(p.text);
    if (found == vars.end() || !found->is_string()) return std::nullopt;
    out += found->get<std::string>();
  }
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace

std::optional<partition_filter> filter_of(const stream_schema& stream, const engine::partition_rule& rule,
                                          const std::string& item_vars) {
  const nlohmann::json vars = nlohmann::json::parse(item_vars.empty() ? "{}" : item_vars);
  partition_filter out;
  for (const auto& [column, pieces] : rule.values) {
    auto value = expand(pieces, vars);
    if (!value) return std::nullopt;
    const std::size_t dot = column.find('.');
    if (dot == std::string::npos) {
      out.columns.emplace_back(column, std::move(*value));
      continue;
    }
    const auto& references = stream.references;
    const auto to = std::find_if(references.begin(), references.end(), [&](const reference& r) {
      return r.name == std::string_view(column).substr(0, dot);
    });
    if (to == references.end()) {
      throw internal(code::unknown_stream, "stream `" + stream.name + "` has no column `" + column + "`");
    }
    const auto index = static_cast<std::size_t>(to - references.begin());
    auto parent = std::find_if(out.parents.begin(), out.parents.end(),
                               [&](const partition_filter::parent& p) { return p.reference == index; });
    if (parent == out.parents.end())
      parent = out.parents.insert(parent, partition_filter::parent{index, {}, false});
    parent->key.emplace_back(column.substr(dot + 1), std::move(*value));
    parent->whole = parent->key.size() == to->columns.size();
  }
  return out;
}

std::string parent_key(const reference& to, const partition_filter::parent& p) {
  std::string out;
  for (const std::string& column : to.columns) {
    const auto part =
        std::find_if(p.key.begin(), p.key.end(), [&](const auto& k) { return k.first == column; });
    if (column != to.columns.front()) out += key_separator;
    if (part != p.key.end()) out += part->second;
  }
  return out;
}

bool has_index(const stream_schema& stream, const partition_filter& filter) {
  return std::any_of(
      stream.indexes.begin(), stream.indexes.end(), [&](const std::vector<std::string>& index) {
        if (index.empty()) return false;
        const bool column = std::any_of(filter.columns.begin(), filter.columns.end(),
                                        [&](const auto& c) { return c.first == index.front(); });
        return column || std::any_of(filter.parents.begin(), filter.parents.end(), [&](const auto& p) {
                 return p.whole && stream.references[p.reference].name + "_id" == index.front();
               });
      });
}

}  // namespace sluice::store
