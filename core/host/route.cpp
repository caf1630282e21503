#include "host/route.hpp"

#include <algorithm>

#include "engine/failure.hpp"
#include "host/spread.hpp"
#include "observe/instant.hpp"

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

constexpr std::int64_t kept_us =
    24 * 3'600'000'000LL;           // a tenant stays at least so long once a value was over
constexpr double kept_share = 0.8;  // and until the value is below this share of the threshold

const manifest::tenant_settings* settings_of(const manifest::pipeline& pipeline, const std::string& tenant) {
  const auto known = pipeline.tenants.known.find(tenant);
  return known == pipeline.tenants.known.end() ? nullptr : &known->second;
}

// Of how busy a host is nothing is kept: that is a matter of the moment, and no trait of the tenant.
bool may_stay(const manifest::condition& c) { return c.subject.starts_with("tenant."); }

class rule_reader {
 public:
  rule_reader(const manifest::pipeline& pipeline, const std::string& tenant, tenant_facts& facts,
              bool explain)
      : pipeline_(pipeline), tenant_(tenant), facts_(facts), explain_(explain) {}

  seen_rule read(const manifest::routing_rule& rule) {
    seen_rule out{rule.backend, {}, false, {}};
    if (!rule.enabled) {
      out.why = "it is off (`enabled: false`)";
    } else if (!rule.only.empty()) {
      out.matched = std::find(rule.only.begin(), rule.only.end(), tenant_) != rule.only.end();
      out.why = out.matched ? "the tenant is in the rule's list" : "the tenant is not in the rule's list";
    } else if (rule.when.empty()) {
      out.matched = true;
      out.why = "the rule takes all tenants";
    } else {
      ask(rule, out);
    }
    if (out.matched && rule.share < 1) apply_share(rule, out);
    return out;
  }
  [[nodiscard]] const std::optional<taken_by>& by() const noexcept { return by_; }

 private:
  void ask(const manifest::routing_rule& rule, seen_rule& out) {
    out.why = "no condition holds";
    by_.reset();
    for (const manifest::condition& c : rule.when) {
      const seen_condition& seen = out.conditions.emplace_back(look_at(rule, c));
      if (!out.matched && (seen.over || seen.stays)) take(rule, c, seen, out);
      if (out.matched && !explain_) return;
    }
  }

  seen_condition look_at(const manifest::routing_rule& rule, const manifest::condition& c) {
    seen_condition out{c, {}, false, false, 0};
    if (c.type == manifest::condition::value::flag) {
      const manifest::tenant_settings* const known = settings_of(pipeline_, tenant_);
      out.over = known != nullptr && known->critical;
      out.found.value = out.over ? 1 : 0;
      return out;
    }
    out.found = facts_.value_of(c);
    out.over = out.found.value > c.threshold;
    if (out.over || !may_stay(c)) return out;
    const auto last = facts_.last();
    if (!last || last->backend != rule.backend || last->subject != c.subject) return out;
    out.over_us = last->over_us;
    out.stays = out.found.value >= kept_share * c.threshold || facts_.now_us() - last->over_us < kept_us;
    return out;
  }

  void take(const manifest::routing_rule& rule, const manifest::condition& c, const seen_condition& seen,
            seen_rule& out) {
    out.matched = true;
    if (c.type == manifest::condition::value::flag) return void(out.why = c.subject);
    const std::string value = c.subject + " " + value_text(c, seen.found.value);
    if (seen.over) {
      out.why = value + " > " + value_text(c, c.threshold);
    } else {
      out.why = value + ", was over " + value_text(c, c.threshold) + " on " + observe::rfc3339(seen.over_us) +
                ": stays until it is below " + value_text(c, kept_share * c.threshold) +
                " and a day has passed";
    }
    if (may_stay(c))
      by_ = {rule.backend, c.subject, seen.found.value, c.threshold,
             seen.over ? facts_.now_us() : seen.over_us};
  }

  void apply_share(const manifest::routing_rule& rule, seen_rule& out) {
    const double place = place_in_share(tenant_, rule.backend);
    const std::string share = share_text(rule.share), at = share_text(place);
    out.matched = place < rule.share;
    if (out.matched) out.why += "; the tenant is in the share of " + share + " (at " + at + ")";
    else out.why += ", but the tenant is not in the share of " + share + " (at " + at + ")";
    if (!out.matched) by_.reset();
  }

  const manifest::pipeline& pipeline_;
  const std::string& tenant_;
  tenant_facts& facts_;
  bool explain_;
  std::optional<taken_by> by_;  // of the rule that was read last
};

bool is_sticky(const manifest::pipeline& pipeline) {
  return std::any_of(pipeline.routing.rules.begin(), pipeline.routing.rules.end(), [](const auto& rule) {
    return rule.enabled && rule.only.empty() && std::any_of(rule.when.begin(), rule.when.end(), may_stay);
  });
}

}  // namespace

double place_in_share(const std::string& tenant, const std::string& backend) {
  return static_cast<double>(spread(tenant, spread(backend, 0)) >> 11) * 0x1p-53;
}

void check_backend(const manifest::pipeline& pipeline, const std::string& asked) {
  const bool known = std::any_of(pipeline.backends.begin(), pipeline.backends.end(),
                                 [&](const manifest::backend& b) { return b.name == asked; });
  if (asked.empty() || known) return;
  throw failure(failure_class::invalid, "SLU-6023",
                "no backend `" + asked + "` in the manifest; it has " + known_backends(pipeline));
}

routed choose_backend(const manifest::pipeline& pipeline, const std::string& tenant, const std::string& asked,
                      tenant_facts& facts, bool explain) {
  check_backend(pipeline, asked);
  // What earlier runs were taken by is not forgotten over one that somebody wanted elsewhere.
  if (!asked.empty())
    return {asked, "asked for by the caller", is_sticky(pipeline) ? facts.last() : std::nullopt, {}};
  rule_reader reader(pipeline, tenant, facts, explain);
  routed out{pipeline.routing.fallback, "no rule matched: the default", {}, {}};
  bool found = false;
  for (std::size_t i = 0; i < pipeline.routing.rules.size() && (explain || !found); ++i) {
    const seen_rule& rule = out.rules.emplace_back(reader.read(pipeline.routing.rules[i]));
    if (found || !rule.matched) continue;
    found = true;
    out.backend = rule.backend;
    out.reason = "rule " + std::to_string(i + 1) + ": " + rule.why;
    out.by = reader.by();
  }
  return out;
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
  throw failure(
      failure_class::invalid, "SLU-6028",
      pipeline.tenants.open
          ? "`" + tenant + "` is not a tenant id: a-z 0-9 _ -, at most 63, beginning with a letter or digit"
          : "unknown tenant `" + tenant + "`; " + pipeline.file + " has " + (known.empty() ? "none" : known));
}

}  // namespace sluice::host
