// The pipeline as canonical JSON, and the hashes of it: equal for manifests that mean the same.
#include <array>

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include "manifest/build.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

json to_json(const item& i) {
  return {{"entry", i.entry},
          {"scope", static_cast<int>(i.scope)},
          {"mode", static_cast<int>(i.mode)},
          {"full_every", i.full_every_us},
          {"deletes", static_cast<int>(i.deletes)},
          {"guard", {i.guard.max, i.guard.floor}},
          {"stages", i.stages},
          {"subject_stages", i.subject_stages}};
}

json to_json(const phase& p) {
  json items = json::array();
  for (const item& i : p.items) items.push_back(to_json(i));
  return {{"deadline", p.deadline_us}, {"fresh_for", p.fresh_for_us}, {"items", std::move(items)}};
}

json to_json(const read& r) {
  json out = {{"stage", r.stage},
              {"from", r.from},
              {"request", r.request},
              {"decode", r.decode},
              {"parents", r.parents},
              {"digest", r.mapping_digest},
              {"rejects", {r.rejects.max, r.rejects.floor}}};
  if (r.subject) out["subject"] = {r.subject->request, r.subject->decode};
  if (r.incremental) {
    out["incremental"] = {r.incremental->column, r.incremental->param, r.incremental->as,
                          r.incremental->lag_us};
  }
  return out;
}

json to_json(const routing& r) {
  json rules = json::array(), down = json::object();
  for (const routing_rule& rule : r.rules) {
    json when = json::array();
    for (const condition& c : rule.when) when.push_back({c.subject, c.threshold});
    rules.push_back({rule.backend, rule.enabled, rule.only, rule.share, std::move(when)});
  }
  for (const auto& [name, u] : r.when_unavailable) down[name] = {u.use, u.after_us};
  return {{"default", r.fallback}, {"rules", std::move(rules)}, {"when_unavailable", std::move(down)}};
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL can't compute sha256");
  }
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += hex[digest[i] >> 4U];
    out += hex[digest[i] & 15U];
  }
  return out;
}

// Tenants are left out: they may change while runs are open, and a run belongs to one of them only.
std::string pipeline_hash(const pipeline& p) {
  json j = {{"name", p.name},
            {"every", p.every_us},
            {"essential", to_json(p.essential)},
            {"background", to_json(p.background)},
            {"routing", to_json(p.routing)}};
  j["store"] = {p.store.uses, p.store.path, p.store.dsn, p.store.pool, p.store.schema};
  for (const source& s : p.sources) {
    j["sources"][s.name] = {s.uses,
                            s.config,
                            s.limits.rate_per_second,
                            s.limits.in_flight,
                            s.limits.essential_reserved,
                            s.retry.attempts,
                            s.retry.base_us,
                            s.retry.cap_us};
  }
  for (const domain& d : p.domains) j["domains"][d.name] = {d.uses, d.critical, d.config};
  for (const read& r : p.reads) j["reads"][r.stage] = to_json(r);
  for (const backend& b : p.backends) j["backends"][b.name] = {b.uses, b.config};
  for (const alert& a : p.alerts) {
    j["alerts"].push_back({a.metric, a.domain, a.over, a.window_us, a.min_runs, a.severity});
  }
  for (const notification& n : p.notify) {
    if (n.secret.empty()) j["notify"].push_back(n.webhook);
    else j["notify"].push_back({n.webhook, n.secret});
  }
  return sha256_hex(j.dump(-1, ' ', false, json::error_handler_t::replace));
}

void finish_reads(build& b) {
  for (read_draft& d : b.reads) {
    d.out.decode = d.decode.dump();
    if (d.out.subject) d.out.subject->decode = d.subject_decode.dump();
    // The subject's mapping does not count: a watermark belongs to the read.
    json digest = {d.decode, d.out.from, d.out.request};
    if (d.domain != nullptr) {
      digest.push_back({d.domain->name, d.domain->version});
      for (const stream_schema& s : d.domain->streams) digest.push_back({s.name, s.version});
    }
    d.out.mapping_digest =
        sha256_hex(digest.dump(-1, ' ', false, json::error_handler_t::replace)).substr(0, 32);
    for (domain& e : b.out.domains) {
      if (e.name == d.out.entry) e.stages.push_back(d.out.stage);
    }
    b.out.reads.push_back(std::move(d.out));
  }
}

}  // namespace sluice::manifest
