#include "host/catalog_adapter.hpp"

#include <algorithm>

namespace sluice::host {

namespace {

manifest::component_kind kind_of(plugin::component_kind k) {
  switch (k) {
    case plugin::component_kind::source: return manifest::component_kind::source;
    case plugin::component_kind::backend: return manifest::component_kind::backend;
    case plugin::component_kind::domain: break;
  }
  return manifest::component_kind::domain;
}

std::string text_of(const nlohmann::json& schema) {
  return schema.is_null() || schema.empty() ? std::string() : schema.dump();
}

}  // namespace

catalog_adapter::catalog_adapter(const plugin::catalog& plugins) {
  for (const plugin::installed_plugin& p : plugins.plugins()) {
    if (p.broken) {
      const auto why = std::ranges::find(p.problems, false, &plugin::problem::warning);
      if (why != p.problems.end()) refused_.emplace(p.meta.name, why->code + " " + to_line(*why));
      continue;
    }
    for (const plugin::component& c : p.meta.components) {
      manifest::component_info info;
      info.name = c.name;
      info.version = p.meta.version;
      info.description = c.description;
      info.config_schema = text_of(c.config_schema);
      info.request_schema = text_of(c.request_schema);
      info.streams = c.streams;
      info.reads = text_of(c.reads);
      by_kind_[kind_of(c.kind)].emplace(c.name, std::move(info));
    }
  }
}

const manifest::component_info* catalog_adapter::find(manifest::component_kind kind,
                                                      std::string_view name) const {
  const auto of_kind = by_kind_.find(kind);
  if (of_kind == by_kind_.end()) return nullptr;
  const auto at = of_kind->second.find(name);
  return at == of_kind->second.end() ? nullptr : &at->second;
}

std::vector<std::string> catalog_adapter::names(manifest::component_kind kind) const {
  std::vector<std::string> out;
  if (const auto of_kind = by_kind_.find(kind); of_kind != by_kind_.end()) {
    for (const auto& [name, info] : of_kind->second) out.push_back(name);
  }
  return out;
}

// A plugin whose description can't be read has no components to go by; most are called like their plugin.
std::string catalog_adapter::refusal(manifest::component_kind, std::string_view name) const {
  const auto at = refused_.find(name);
  return at == refused_.end() ? std::string() : at->second;
}

}  // namespace sluice::host
