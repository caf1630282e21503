// The passes that turn a parsed manifest into a pipeline. Each reads its part and reports what is wrong with it;
// later passes see what earlier ones made.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "manifest/mapping.hpp"
#include "manifest/model.hpp"
#include "manifest/view.hpp"

namespace sluice::manifest {

// A read on its way: what later passes need besides the result.
struct read_draft {
  read out;
  const component_info* domain = nullptr;
  node merged;  // the manifest's keys over the plugin's own read
  std::string path;
  span at;  // its name in the manifest
  bool has_into = false;
  nlohmann::json decode = nlohmann::json::object();  // without children
  nlohmann::json subject_decode = nlohmann::json::object();
  std::vector<into_result> into;
  std::size_t own_into = 0;  // so many of them are the read's own, the others its subject's
  std::vector<std::string> subject_streams;
};

struct build {
  explicit build(context& context) : c(context) {}

  context& c;
  pipeline out;
  std::map<std::string, const component_info*> sources, domains, backends;  // by name; null: unknown plugin
  std::map<std::string, span> source_at, entry_at;
  std::set<std::string> used_sources, used_entries;
  std::vector<read_draft> reads;

  [[nodiscard]] read_draft* find_read(const std::string& stage);
};

void read_store(build&, view& root);
void read_tenants(build&, view& root);
[[nodiscard]] tenants read_tenant_map(context&, const node&, const std::string& path, bool settings_allowed);
void read_sources(build&, view& root);
void read_backends(build&, view& root);
void read_domains(build&, view& root);  // drafts of all reads
void link_reads(build&);                // for_each: cycles, order, children, ${parent.x}
void compile_reads(build&);             // requests, maps, subjects
void find_partitions(build&);           // where the rows of one item lie
void check_ownership(build&);           // two entries, one stream, one kind
void read_phases(build&, view& root);
void read_routing(build&, view& root);
void read_alerts(build&, view& root);
void check_unused(build&);
void finish_reads(build&);  // into the pipeline, with digests
[[nodiscard]] std::string pipeline_hash(const pipeline&);
[[nodiscard]] std::string sha256_hex(std::string_view);

// The named mappings under `key`: name, node and place of each, names checked.
struct named_node {
  std::string name;
  const node* value;
  span at;
  std::string path;
};
[[nodiscard]] std::vector<named_node> named_nodes(context&, view&, std::string_view key);

// The component that `uses` names, or null after a report.
[[nodiscard]] const component_info* find_component(context&, view&, component_kind);

}  // namespace sluice::manifest
