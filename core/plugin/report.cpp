#include "plugin/report.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "plugin/checks.hpp"
#include "plugin/codes.hpp"
#include "plugin/error.hpp"
#include "plugin/library.hpp"
#include "plugin/suggest.hpp"

namespace sluice::plugin {

using nlohmann::json;

namespace {

json lines(const std::vector<problem>& problems) {
  json out = json::array();
  for (const problem& p : problems) {
    out.push_back({{"code", p.code}, {"severity", p.warning ? "warning" : "error"}, {"line", to_line(p)}});
  }
  return out;
}

std::string_view type_text(column_type t) {
  switch (t) {
    case column_type::boolean: return "bool";
    case column_type::int64: return "int";
    case column_type::float64: return "float";
    case column_type::decimal: return "decimal";
    case column_type::json: return "json";
    case column_type::date: return "date";
    case column_type::timestamp: return "timestamp";
    case column_type::text: break;
  }
  return "text";
}

std::string_view missing_text(on_missing m) {
  switch (m) {
    case on_missing::skip: return "skip";
    case on_missing::reject: return "reject";
    case on_missing::defer: break;
  }
  return "defer";
}

json describe(const stream_schema& s) {
  json out{{"name", s.name},
           {"version", s.version},
           {"key", s.key},
           {"derived_key", s.derived_key},
           {"indexes", s.indexes},
           {"columns", json::array()},
           {"references", json::array()},
           {"measures", json::array()}};
  for (const column& c : s.columns) {
    out["columns"].push_back({{"name", c.name},
                              {"type", type_text(c.type)},
                              {"required", c.required},
                              {"description", c.description}});
  }
  for (const reference& r : s.references) {
    out["references"].push_back({{"name", r.name},
                                 {"to", r.to},
                                 {"columns", r.columns},
                                 {"required", r.required},
                                 {"on_missing", missing_text(r.missing)},
                                 {"expire_s", r.expire.count()}});
  }
  for (const measure& m : s.measures) {
    json where = json::object();
    if (!m.where_column.empty()) where[m.where_column] = m.where_value;
    out["measures"].push_back({{"name", m.name}, {"where", std::move(where)}});
  }
  return out;
}

json describe(const component& c) {
  json out{{"kind", to_text(c.kind)},
           {"name", c.name},
           {"description", c.description},
           {"config", c.config_schema},
           {"capabilities", c.capabilities}};
  if (c.kind == component_kind::source) out["request"] = c.request_schema;
  if (c.kind != component_kind::domain) return out;
  out["reads"] = c.reads;
  out["streams"] = json::array();
  for (const stream_schema& s : c.streams) out["streams"].push_back(describe(s));
  return out;
}

json head(const installed_plugin& p) {
  return {{"name", p.meta.name},         {"version", p.meta.version},  {"sdk", to_text(p.meta.sdk)},
          {"folder", p.folder.string()}, {"code", !p.library.empty()}, {"description", p.meta.description},
          {"license", p.meta.license},   {"broken", p.broken},         {"problems", lines(p.problems)}};
}

json describe(const std::vector<finding>& findings) {
  json out = json::array();
  for (const finding& f : findings) {
    out.push_back(
        {{"check", f.check}, {"ok", f.passed()}, {"code", f.code}, {"message", f.message}, {"fix", f.fix}});
  }
  return out;
}

// Loads the code, as the host would, and appends what that shows.
void try_loading(const installed_plugin& p, std::vector<finding>& findings) {
  try {
    const sluice_plugin* offered = load_entry(p.library);
    findings.push_back({"library can be loaded", {}, {}, {}});
    for (finding& f : handshake(offered, p)) findings.push_back(std::move(f));
  } catch (const error& e) {
    findings.push_back({"library can be loaded", e.code(), e.message(), {}});
  }
}

}  // namespace

json list_report(const catalog& plugins) {
  json out{{"plugins", json::array()}, {"problems", lines(plugins.problems())}};
  for (const installed_plugin& p : plugins.plugins()) {
    json one = head(p);
    one["components"] = json::array();
    for (const component& c : p.meta.components) {
      one["components"].push_back(
          {{"kind", to_text(c.kind)}, {"name", c.name}, {"description", c.description}});
    }
    out["plugins"].push_back(std::move(one));
  }
  return out;
}

json show_report(const catalog& plugins, std::string_view name) {
  const installed_plugin* p = plugins.find_plugin(name);
  if (p == nullptr) {
    std::vector<std::string> known;
    for (const installed_plugin& other : plugins.plugins()) known.push_back(other.meta.name);
    const std::string help = suggestion(name, known);
    throw error(status::invalid, code::unknown_component,
                "no plugin `" + std::string(name) + "` is installed" + (help.empty() ? "" : "; " + help));
  }
  json out = head(*p);
  out["components"] = json::array();
  for (const component& c : p->meta.components) out["components"].push_back(describe(c));
  return out;
}

json doctor_report(const catalog& plugins, const std::optional<lock_file>& lock) {
  const auto all = plugins.problems();
  const bool good = std::all_of(all.begin(), all.end(), [](const problem& p) { return p.warning; });
  json out{{"healthy", good},
           {"plugins", json::array()},
           {"shared_symbols", json::array()},
           {"problems", lines(all)}};
  std::map<std::string, std::vector<std::string>> exporters;
  for (const installed_plugin& p : plugins.plugins()) {
    inspection seen = inspect(p, lock ? &*lock : nullptr);
    if (seen.first_failure() == nullptr && !p.library.empty()) try_loading(p, seen.findings);
    const bool healthy = seen.first_failure() == nullptr;
    if (!healthy) out["healthy"] = false;
    out["plugins"].push_back({{"name", p.meta.name},
                              {"version", p.meta.version},
                              {"healthy", healthy},
                              {"sha256", seen.sha256},
                              {"exported_symbols", seen.exports.size()},
                              {"checks", describe(seen.findings)}});
    for (const std::string& symbol : seen.exports) {
      if (symbol != SLUICE_PLUGIN_ENTRY_SYMBOL) exporters[symbol].push_back(p.meta.name);
    }
  }
  for (const auto& [symbol, by] : exporters) {
    if (by.size() > 1) out["shared_symbols"].push_back({{"symbol", symbol}, {"plugins", by}});
  }
  return out;
}

}  // namespace sluice::plugin
