// Store, tenants, sources and backends.
#include <algorithm>

#include "manifest/build.hpp"
#include "manifest/file.hpp"
#include "manifest/plugin_values.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

std::string absolute(const document& doc, const std::string& path) {
  return path.empty() || path.starts_with('/') || doc.folder() == "." ? path : doc.folder() + "/" + path;
}

void needs(context& c, view& v, std::string_view key, const std::string& kind) {
  if (v.has(key)) return;
  c.report(code::missing_key, v.key_at("uses"), v.path(), "the key " + in_ticks(key) + " is missing",
           kind == "sqlite" ? "name the file: path: sluice.db"
                            : "say how to connect: dsn: \"${secret:env:DATABASE_URL}\"");
}

void refuse(context& c, view& v, std::string_view key, const std::string& kind) {
  if (!v.has(key)) return;
  c.report(code::unknown_key, v.key_at(key), v.path(key), in_ticks(key) + " is not for " + kind, "remove it");
}

// Texts by name, of a tenant.
std::map<std::string, std::string> tenant_texts(context& c, view& v, std::string_view key,
                                                const text_policy& policy) {
  std::map<std::string, std::string> out;
  const node* n = v.get(key);
  if (n == nullptr) return out;
  if (!n->is_mapping()) {
    c.report(code::wrong_type, n->is_null() ? v.key_at(key) : n->at, v.path(key),
             expected_found("a mapping of names to texts", *n));
    return out;
  }
  for (const member& m : n->members) {
    const std::string path = child_path(v.path(key), m.key);
    if (!is_name(m.key)) {
      c.report(
          code::bad_name, m.key_at, path, in_ticks(m.key) + " is not a name",
          "a name has lower-case letters, digits, `-` and `_`, begins with a letter, at most 63 characters");
    }
    if (!m.value.is_scalar() || (!policy.secret && classify(m.value) != scalar_type::text)) {
      c.report(code::wrong_type, m.value.is_null() ? m.key_at : m.value.at, path,
               expected_found("text", m.value),
               m.value.is_scalar() ? "quote it: \"" + m.value.text + "\"" : std::string());
      out[m.key];
      continue;
    }
    out[m.key] = c.resolve(m.value, path, policy).value_or("");
  }
  return out;
}

void read_tenants_file(build& b, view& v) {
  const std::string given = v.text("from");
  if (given.empty()) return;
  b.out.tenants.from = absolute(b.c.doc(), given);
  tenants_result loaded = check_tenants_file(b.out.tenants.from, b.c.env());
  if (loaded.tenants) {
    for (auto& [id, settings] : loaded.tenants->known) {
      if (!b.out.tenants.known.emplace(id, std::move(settings)).second) {
        b.c.report(code::duplicate_key, v.get("from")->at, v.path("from"),
                   "the tenant " + in_ticks(id) + " stands here and in " + given, "keep one of them");
      }
    }
    return;
  }
  const diagnostic& first = loaded.diagnostics.front();
  const std::string place =
      first.at.line > 0 ? ":" + std::to_string(first.at.line) + ":" + std::to_string(first.at.column) : "";
  const std::size_t more = loaded.diagnostics.size() - 1;
  b.c.report(first.code, v.get("from")->at, v.path("from"),
             place.empty() ? first.message : given + place + ": " + first.message,
             more > 0             ? "and " + std::to_string(more) + " more in that file"
             : first.help.empty() ? ""
                                  : first.help.front());
}

}  // namespace

std::vector<named_node> named_nodes(context& c, view& v, std::string_view key) {
  std::vector<named_node> out;
  const node* n = v.get(key);
  if (n == nullptr) return out;
  if (!n->is_mapping()) {
    c.report(code::wrong_type, n->is_null() ? v.key_at(key) : n->at, v.path(key),
             expected_found("a mapping", *n), "write names of your own as its keys");
    return out;
  }
  for (const member& m : n->members) {
    if (m.key.starts_with("x-")) continue;
    const std::string path = child_path(v.path(key), m.key);
    if (!is_name(m.key)) {
      c.report(
          code::bad_name, m.key_at, path, in_ticks(m.key) + " is not a name",
          "a name has lower-case letters, digits, `-` and `_`, begins with a letter, at most 63 characters");
    }
    out.push_back({m.key, &m.value, m.key_at, path});
  }
  return out;
}

namespace {

void explain_missing(context& c, finding& f, component_kind kind, const std::string& name) {
  if (const std::string why = c.catalog().refusal(kind, name); !why.empty()) {
    f.help.push_back(in_ticks(name) + " is there, but was refused: " + why);
    return;
  }
  const std::vector<std::string> known = c.catalog().names(kind);
  if (std::string help = suggestion(name, known, std::string(to_string(kind)) + " plugins"); !help.empty())
    f.help.push_back(std::move(help));
  if (nearest(name, known).empty())
    f.help.emplace_back(
        "`sluice plugins list` shows what is installed, `sluice plugins doctor` what was refused");
}

}  // namespace

const component_info* find_component(context& c, view& v, component_kind kind) {
  if (!v.has("uses")) return nullptr;
  const std::string name = v.text("uses");
  const component_info* found = c.catalog().find(kind, name);
  if (found == nullptr && !name.empty()) {
    finding& f =
        c.report(code::unknown_component, v.get("uses")->at, v.path("uses"),
                 "no " + std::string(to_string(kind)) + " plugin " + in_ticks(name) + " is installed");
    explain_missing(c, f, kind, name);
  }
  return found;
}

void read_store(build& b, view& root) {
  if (!root.has("store")) return;
  view v(b.c, *root.get("store"), store_shape, "store", root.key_at("store"));
  if (!v.is_mapping()) return;
  store_settings& s = b.out.store;
  s.uses = v.choice("uses");
  s.pool = static_cast<int>(v.integer("pool"));
  s.schema = v.text("schema");
  if (v.has("path")) s.path = absolute(b.c.doc(), v.text("path"));
  if (v.has("dsn")) s.dsn = v.text("dsn", {.secret = true, .is_template = true});
  if (s.uses == "sqlite") {
    needs(b.c, v, "path", s.uses);
    for (const char* key : {"dsn", "pool", "schema"}) refuse(b.c, v, key, s.uses);
  } else if (s.uses == "postgres") {
    needs(b.c, v, "dsn", s.uses);
    refuse(b.c, v, "path", s.uses);
  }
}

tenants read_tenant_map(context& c, const node& n, const std::string& path, bool settings_allowed) {
  tenants out;
  for (const member& m : n.members) {
    if (m.key.starts_with("x-") || (settings_allowed && tenants_shape.find(m.key) != nullptr)) continue;
    const std::string where = child_path(path, m.key);
    if (!is_tenant_id(m.key)) {
      c.report(code::bad_name, m.key_at, where, in_ticks(m.key) + " can't be a tenant's id",
               "an id has letters, digits, `.`, `_` and `-`, begins with a letter or digit, at most 63 "
               "characters");
    }
    node settings = m.value;
    if (settings.is_null())
      settings.kind = node::kind::mapping;  // `acme:` alone is a tenant without settings
    view v(c, settings, tenant_shape, where, m.key_at);
    if (!v.is_mapping()) continue;
    tenant_settings& t = out.known[m.key];
    t.critical = v.boolean("critical");
    t.vars = tenant_texts(c, v, "vars", {});
    t.secrets = tenant_texts(c, v, "secrets", {.secret = true, .is_template = true});
  }
  return out;
}

void read_tenants(build& b, view& root) {
  const node* n = root.get("tenants");
  if (n == nullptr) return;
  if (!n->is_mapping()) {
    b.c.report(code::wrong_type, n->is_null() ? root.key_at("tenants") : n->at, "tenants",
               expected_found("a mapping of tenants", *n),
               "write { acme: {} }, { from: tenants.yaml } or { open: true }");
    return;
  }
  const shape any{tenants_shape.name, tenants_shape.about, tenants_shape.fields, true,
                  component_kind::source};
  view v(b.c, *n, any, "tenants", root.key_at("tenants"));
  b.out.tenants = read_tenant_map(b.c, *n, "tenants", true);
  b.out.tenants.open = v.boolean("open");
  if (v.has("from")) read_tenants_file(b, v);
  b.c.tenants = &b.out.tenants;
  if (b.out.tenants.known.empty() && !b.out.tenants.open && !v.has("from")) {
    b.c.report(code::missing_key, v.at(), "tenants", "there is no tenant",
               "list them, name a file by `from`, or admit any by `open: true`");
  }
}

void read_sources(build& b, view& root) {
  for (const named_node& n : named_nodes(b.c, root, "sources")) {
    b.source_at[n.name] = n.at;
    b.sources[n.name] = nullptr;
    view v(b.c, *n.value, source_shape, n.path, n.at);
    if (!v.is_mapping()) continue;
    const component_info* plugin = b.sources[n.name] = find_component(b.c, v, component_kind::source);
    source s;
    s.name = n.name;
    if (plugin != nullptr) {
      s.uses = plugin->name;
      const text_policy policy{
          .tenant = true,
          .tenant_secret = true,
          .is_template = true,
          .why_not = "a source is opened for a tenant, not for a subject or a parent record"};
      s.config =
          plugin_values(b.c, *n.value, &source_shape, plugin->config_schema, policy, n.path, n.at).dump();
    }
    static const node empty = [] {
      node e;
      e.kind = node::kind::mapping;
      return e;
    }();
    view limits(b.c, v.has("limits") ? *v.get("limits") : empty, limits_shape, v.path("limits"),
                v.key_at("limits"));
    s.limits = {limits.rate("rate"), static_cast<int>(limits.integer("in_flight")),
                limits.ratio("essential_reserved")};
    view retry(b.c, v.has("retry") ? *v.get("retry") : empty, retry_shape, v.path("retry"),
               v.key_at("retry"));
    s.retry = {static_cast<int>(retry.integer("attempts")), retry.duration("base"), retry.duration("cap")};
    if (s.retry.base_us > s.retry.cap_us) {
      b.c.report(code::out_of_range, retry.key_at("base"), retry.path("base"), "`base` is longer than `cap`",
                 "`cap` is " + format_duration(s.retry.cap_us));
    }
    b.out.sources.push_back(std::move(s));
  }
}

void read_backends(build& b, view& root) {
  for (const named_node& n : named_nodes(b.c, root, "backends")) {
    b.backends[n.name] = nullptr;
    view v(b.c, *n.value, backend_shape, n.path, n.at);
    if (!v.is_mapping()) continue;
    const component_info* plugin = b.backends[n.name] = find_component(b.c, v, component_kind::backend);
    if (plugin == nullptr) continue;
    const text_policy policy{.is_template = true, .why_not = "a backend serves all tenants"};
    b.out.backends.push_back(
        {n.name, plugin->name,
         plugin_values(b.c, *n.value, &backend_shape, plugin->config_schema, policy, n.path, n.at).dump()});
  }
}

}  // namespace sluice::manifest
