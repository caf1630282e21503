// Domain entries and drafts of their reads; the plugin's own reads fill in what a manifest leaves out.
#include <algorithm>

#include "manifest/build.hpp"
#include "manifest/plugin_values.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

// The plugin's JSON as nodes that all stand at the read's name in the manifest.
node from_json(const json& j, span at) {
  node n;
  n.at = at;
  if (j.is_object()) {
    n.kind = node::kind::mapping;
    for (const auto& [key, value] : j.items()) n.members.push_back({key, at, from_json(value, at)});
  } else if (j.is_array()) {
    n.kind = node::kind::sequence;
    for (const json& one : j) n.items.push_back(from_json(one, at));
  } else if (!j.is_null()) {
    n.kind = node::kind::scalar;
    n.quoted = j.is_string();
    n.text = j.is_string() ? j.get<std::string>() : j.dump();
  }
  return n;
}

node merge(const node& given, const component_info* domain, const std::string& name, span at) {
  node out = given;
  if (out.is_null()) out.kind = node::kind::mapping;
  if (!out.is_mapping() || domain == nullptr || domain->reads.empty() || out.find("into") != nullptr)
    return out;
  const json reads = json::parse(domain->reads);
  if (!reads.contains(name)) return out;
  for (const member& m : from_json(reads.at(name), at).members) {
    if (out.find(m.key) == nullptr) out.members.push_back(m);
  }
  return out;
}

std::vector<std::string> documented_reads(const component_info& domain) {
  std::vector<std::string> out;
  if (domain.reads.empty()) return out;
  const json reads = json::parse(domain.reads);
  for (const auto& [name, unused] : reads.items()) out.push_back(name);
  return out;
}

void draft_read(build& b, const std::string& entry, const component_info* domain, const named_node& n) {
  read_draft d;
  d.domain = domain;
  d.path = n.path;
  d.at = n.at;
  d.merged = merge(*n.value, domain, n.name, n.at);
  d.has_into = d.merged.is_mapping() && d.merged.find("into") != nullptr;
  d.out.entry = entry;
  d.out.name = n.name;
  d.out.stage = entry + "." + n.name;
  if (!d.merged.is_mapping()) {
    b.c.report(code::wrong_type, n.value->at, n.path, expected_found("a mapping", *n.value),
               "write { from: SOURCE }");
    return;
  }
  // A read that only makes children for others feeds nothing, and that is fine.
  if (domain != nullptr && !d.has_into && d.merged.find("keep") == nullptr) {
    finding& f = b.c.report(code::missing_key, n.at, n.path, "this read feeds nothing: it has no `into`",
                            "add `into: [ { stream: …, map: { … } } ]`");
    const std::vector<std::string> known = documented_reads(*domain);
    if (!known.empty()) f.help.push_back("the plugin has reads of its own: `" + join(known, "`, `") + "`");
  }
  b.reads.push_back(std::move(d));
}

}  // namespace

read_draft* build::find_read(const std::string& stage) {
  for (read_draft& d : reads) {
    if (d.out.stage == stage) return &d;
  }
  return nullptr;
}

void read_domains(build& b, view& root) {
  for (const named_node& n : named_nodes(b.c, root, "domains")) {
    b.entry_at[n.name] = n.at;
    b.domains[n.name] = nullptr;
    view v(b.c, *n.value, domain_shape, n.path, n.at);
    if (!v.is_mapping()) continue;
    const component_info* plugin = b.domains[n.name] = find_component(b.c, v, component_kind::domain);
    domain d;
    d.name = n.name;
    d.critical = v.boolean("critical");
    if (plugin != nullptr) {
      d.uses = plugin->name;
      const text_policy policy{.is_template = true, .why_not = "a domain serves all tenants"};
      d.config =
          plugin_values(b.c, *n.value, &domain_shape, plugin->config_schema, policy, n.path, n.at).dump();
    }
    for (const named_node& r : named_nodes(b.c, v, "reads")) draft_read(b, n.name, plugin, r);
    if (v.has("reads") && v.get("reads")->is_mapping() && v.get("reads")->members.empty()) {
      b.c.report(code::missing_key, v.key_at("reads"), v.path("reads"), "there is no read",
                 "an entry needs at least one");
    }
    b.out.domains.push_back(std::move(d));
  }
}

}  // namespace sluice::manifest
