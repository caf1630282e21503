#include "host/route.hpp"

#include <algorithm>

#include "engine/failure.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;

namespace {

bool is_open_id(const std::string& id) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (id.empty() || id.size() > 63 || !plain(id.front())) return false;
  return std::all_of(id.begin(), id.end(), [&](char c) { return plain(c) || c == '_' || c == '-'; });
}

std::string known_backends(const manifest::pipeline& pipeline) {
  std::string out;
  for (const manifest::backend& b : pipeline.backends) out += (out.empty() ? "`" : ", `") + b.name + "`";
  return out;
}

// Nothing: the rule does not take this tenant.
std::string why_taken(const manifest::pipeline& pipeline, const manifest::routing_rule& rule,
                      const std::string& tenant) {
  if (!rule.enabled) return {};
  if (!rule.only.empty()) {
    const bool listed = std::find(rule.only.begin(), rule.only.end(), tenant) != rule.only.end();
    return listed ? "the tenant is in the rule's list" : "";
  }
  if (rule.when.empty()) return "the rule takes all tenants";
  const auto known = pipeline.tenants.known.find(tenant);
  for (const manifest::condition& c : rule.when) {
    if (c.subject == "tenant.critical") {
      if (known != pipeline.tenants.known.end() && known->second.critical) return "tenant.critical";
      continue;
    }
    throw failure(failure_class::invalid, "SLU-6022",
                  "routing condition `" + c.text + "` can't be evaluated by this version; list the tenants under "
                  "`only`, or set `enabled: false`");
  }
  return {};
}

}  // namespace

routed choose_backend(const manifest::pipeline& pipeline, const std::string& tenant, const std::string& asked) {
  const auto exists = [&](const std::string& name) {
    return std::any_of(pipeline.backends.begin(), pipeline.backends.end(),
                       [&](const manifest::backend& b) { return b.name == name; });
  };
  if (!asked.empty()) {
    if (exists(asked)) return {asked, "asked for by the caller"};
    throw failure(failure_class::invalid, "SLU-6023",
                  "no backend `" + asked + "` in the manifest; it has " + known_backends(pipeline));
  }
  for (std::size_t i = 0; i < pipeline.routing.rules.size(); ++i) {
    const manifest::routing_rule& rule = pipeline.routing.rules[i];
    const std::string why = why_taken(pipeline, rule, tenant);
    if (!why.empty()) return {rule.backend, "rule " + std::to_string(i + 1) + ": " + why};
  }
  return {pipeline.routing.fallback, "no rule matched: the default"};
}

void check_tenant(const manifest::pipeline& pipeline, const std::string& tenant) {
  if (pipeline.tenants.known.contains(tenant)) return;
  if (pipeline.tenants.open && is_open_id(tenant)) return;
  std::string known;
  int shown = 0;
  for (const auto& [id, settings] : pipeline.tenants.known) {
    if (++shown > 8) {
      known += ", …";
      break;
    }
    known += (known.empty() ? "`" : ", `") + id + "`";
  }
  throw failure(failure_class::invalid, "SLU-6028",
                pipeline.tenants.open
                    ? "`" + tenant + "` is not a tenant id: a-z 0-9 _ -, at most 63, beginning with a letter or digit"
                    : "unknown tenant `" + tenant + "`; " + pipeline.file + " has " +
                          (known.empty() ? "none" : known));
}

}  // namespace sluice::host
