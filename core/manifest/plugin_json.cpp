// Nodes as JSON without a schema, and what a full validator says about them brought back to its place.
#include <algorithm>

#include "manifest/plugin_values.hpp"
#include "manifest/reference.hpp"
#include "manifest/scalar.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

// The node that a complaint is about, as deep as it goes.
const node* descend(const node& n, const std::vector<std::string>& steps, span& name_at, std::string& path) {
  const node* at = &n;
  for (const std::string& step : steps) {
    const std::optional<std::int64_t> index = parse_integer(step);
    if (const member* m = at->find(step)) {
      at = &m->value;
      name_at = m->key_at;
      path = child_path(path, step);
    } else if (at->is_sequence() && index && static_cast<std::size_t>(*index) < at->items.size()) {
      at = &at->items[static_cast<std::size_t>(*index)];
      name_at = at->at;
      path = child_path(path, static_cast<std::size_t>(*index));
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

void report_complaints(context& c, const node& n, const json& schema, const json& v, const std::string& path,
                       span name_at) {
  const std::vector<schema_complaint> all = validate_json(schema, v);
  for (const schema_complaint& complaint : all) {
    // What is wrong inside makes everything around it wrong too.
    const bool around = std::ranges::any_of(all, [&](const schema_complaint& other) {
      return other.where.size() > complaint.where.size() &&
             std::equal(complaint.where.begin(), complaint.where.end(), other.where.begin());
    });
    if (around) continue;
    span at = name_at;
    std::string where = path;
    const node* found = descend(n, complaint.where, at, where);
    // What is expanded later can't be judged by its template.
    if (found->is_scalar() && has_reference(found->text)) continue;
    c.report(code::plugin_value, at, where, "the plugin does not take this: " + complaint.what);
  }
}

json plain_json(context& c, const node& n, const std::string& path, const text_policy& policy) {
  if (n.is_null()) return {};
  if (n.is_mapping()) {
    json out = json::object();
    for (const member& m : n.members) out[m.key] = plain_json(c, m.value, child_path(path, m.key), policy);
    return out;
  }
  if (n.is_sequence()) {
    json out = json::array();
    for (std::size_t i = 0; i < n.items.size(); ++i) {
      out.push_back(plain_json(c, n.items[i], child_path(path, i), policy));
    }
    return out;
  }
  const scalar_type type = classify(n);
  if (type == scalar_type::boolean) return *parse_boolean(n.text);
  if (type == scalar_type::integer && parse_integer(n.text)) return *parse_integer(n.text);
  if (type == scalar_type::real && parse_real(n.text)) return *parse_real(n.text);
  const std::optional<std::string> text = c.resolve(n, path, policy);
  if (text) check_url(c, n, *text, false, path);
  return text ? json(*text) : json();
}

}  // namespace sluice::manifest
