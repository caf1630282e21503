#include "temporal/labels.hpp"

#include <set>

#include <nlohmann/json.hpp>

namespace sluice::durable {

namespace {

common::Payload text_payload(const std::string& text) {
  common::Payloads one;
  set_json(one, nlohmann::json(text).dump());
  return one.payloads(0);
}

}  // namespace

void add_memo(common::Memo& to, const workflow_input& of) {
  auto& fields = *to.mutable_fields();
  fields["tenant"] = text_payload(of.tenant);
  fields["pipeline"] = text_payload(of.pipeline);
  fields["correlation_id"] = text_payload(of.correlation_id);
  add_phase(to, phase_of(of));
}

void add_phase(common::Memo& to, const std::string& phase) {
  (*to.mutable_fields())["phase"] = text_payload(phase);
}

void add_summary(::temporal::api::sdk::v1::UserMetadata& to, const std::string& words) {
  constexpr std::size_t longest = 200;  // a server refuses those of more than 400 bytes
  if (words.size() <= longest) *to.mutable_summary() = text_payload(words);
}

void add_search_attributes(common::SearchAttributes& to, const workflow_input& of) {
  auto& fields = *to.mutable_indexed_fields();
  fields[by_tenant] = text_payload(of.tenant);
  fields[by_pipeline] = text_payload(of.pipeline);
  for (const char* name : {by_tenant, by_pipeline}) (*fields[name].mutable_metadata())["type"] = "Keyword";
}

void add_version(ws::RespondWorkflowTaskCompletedRequest& to, std::string_view version) {
  to.mutable_worker_version_stamp()->set_build_id(std::string(version));
  to.mutable_sdk_metadata()->set_sdk_name("sluice");
  to.mutable_sdk_metadata()->set_sdk_version(std::string(version));
}

answer introduce(cluster& to) {
  ws::DescribeNamespaceRequest request;
  ws::DescribeNamespaceResponse got;
  request.set_namespace_(to.to().name_space);
  answer said = to.ask("DescribeNamespace", request, got, 1);
  if (!said.good()) return said;
  // Where a database keeps what can be searched, a namespace has names of its own; else the cluster has them.
  std::set<std::string> names;
  for (const auto& [stored, name] : got.config().custom_search_attribute_aliases()) names.insert(name);
  ws::GetSearchAttributesRequest ask;
  ws::GetSearchAttributesResponse known;
  if (to.ask_cluster("GetSearchAttributes", ask, known, 1).good()) {
    for (const auto& [name, type] : known.keys()) names.insert(name);
  }
  to.searchable(names.contains(by_tenant) && names.contains(by_pipeline));
  return said;
}

std::string register_command(const settings& to) {
  std::string out =
      "temporal operator search-attribute create --address " + to.address + " --namespace " + to.name_space;
  for (const char* name : {by_tenant, by_pipeline}) out += std::string(" --name ") + name + " --type Keyword";
  return out;
}

}  // namespace sluice::durable
