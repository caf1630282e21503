// `sluice check --live`: the manifest against its upstreams.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "cli/check.hpp"
#include "cli/interrupt.hpp"
#include "host/live_check.hpp"
#include "host/route.hpp"

namespace sluice::cli {

namespace {

using outcome = enum host::live_read::outcome;

std::vector<std::string> tenants_asked(const manifest::pipeline& p, const std::string& named) {
  if (!named.empty()) {
    host::check_tenant(p, named);
    return {named};
  }
  std::vector<std::string> out;
  for (const auto& [id, unused] : p.tenants.known) out.push_back(id);
  if (out.empty()) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7050",
                          "for whom? the manifest names no tenant: say --tenant");
  }
  return out;
}

const char* word_for(outcome o) {
  switch (o) {
    case outcome::good: return "good";
    case outcome::wrong: return "wrong";
    case outcome::later: return "later";
    case outcome::skipped: break;
  }
  return "skipped";
}

nlohmann::ordered_json to_json(const host::live_result& r, const std::vector<manifest::diagnostic>& all) {
  nlohmann::ordered_json out;
  out["diagnostics"] = nlohmann::ordered_json::parse(manifest::render_json(all));
  out["reads"] = nlohmann::ordered_json::array();
  for (const host::live_read& l : r.reads) {
    nlohmann::ordered_json one{
        {"tenant", l.tenant}, {"source", l.source}, {"read", l.stage}, {"state", word_for(l.outcome)}};
    if (!l.why.empty()) one["why"] = l.why;
    if (l.status != 0) one["status"] = l.status;
    if (l.outcome != outcome::skipped) one["ms"] = l.ms;
    one["records"] = l.records;
    one["rows"] = l.rows;
    out["reads"].push_back(std::move(one));
  }
  return out;
}

int exit_of(const host::live_result& r) {
  if (r.cancelled) return exit_code::cancelled;
  if (r.has(outcome::wrong)) return exit_code::bad_manifest;
  return r.has(outcome::later) ? exit_code::later : exit_code::good;
}

}  // namespace

int check_upstreams(app& a, const manifest::pipeline& pipeline, std::vector<manifest::diagnostic> found,
                    const std::string& tenant) {
  plugin::loader loader(a.catalog(), a.lock());
  const host::secret_store secrets(pipeline.tenants, a.redactor());
  const std::vector<std::string> tenants = tenants_asked(pipeline, tenant);
  catch_interrupts();
  host::prober prober({pipeline, a.catalog(), loader, a.log(), secrets});
  const host::live_result result = host::check_live(prober, tenants, interrupted);
  found.insert(found.end(), result.diagnostics.begin(), result.diagnostics.end());
  std::string text;
  if (a.options().json) {
    text = to_json(result, found).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    if (!found.empty()) text = manifest::render_text(found) + "\n";
    text += host::to_text(result);
  }
  std::printf("%s", a.redactor().redact(text).c_str());
  return exit_of(result);
}

}  // namespace sluice::cli
