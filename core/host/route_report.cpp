// What was decided about a tenant's runs, for tools and for people; and what of it is kept with a run.
#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "host/route.hpp"
#include "observe/instant.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;

std::string with_digits(double value, const char* unit) {
  std::array<char, 48> text{};
  const bool whole = value == static_cast<double>(static_cast<std::int64_t>(value));
  std::snprintf(text.data(), text.size(), whole ? "%.0f%s" : "%.1f%s", value, unit);
  return text.data();
}

bool is_flag(const manifest::condition& c) { return c.type == manifest::condition::value::flag; }

json condition_json(const seen_condition& c) {
  json out{{"condition", c.what.text}, {"holds", c.over || c.stays}};
  if (is_flag(c.what)) return out;
  const double unit = c.what.type == manifest::condition::value::duration ? 1e6 : 1;
  out["value"] = c.found.value / unit;
  out["threshold"] = c.what.threshold / unit;
  if (!c.found.note.empty()) out["of"] = c.found.note;
  if (c.stays) out["was_over_at"] = observe::rfc3339(c.over_us);
  return out;
}

std::string condition_line(const seen_condition& c) {
  const std::string found = value_text(c.what, c.found.value);
  std::string out =
      "    " + c.what.text +
      std::string(std::max<std::size_t>(1, 36 - std::min<std::size_t>(35, c.what.text.size())), ' ');
  out += found + (c.over ? "  over" : c.stays ? "  kept" : "  no");
  return out + (c.found.note.empty() ? "" : "  (" + c.found.note + ")") + "\n";
}

}  // namespace

std::string share_text(double share) { return with_digits(share * 100, "%"); }

std::string value_text(const manifest::condition& of, double value) {
  if (is_flag(of)) return value > 0 ? "yes" : "no";
  if (of.type == manifest::condition::value::duration)
    return value < 1e6 ? with_digits(value / 1e3, "ms") : with_digits(value / 1e6, "s");
  return of.subject == "tenant.failure_rate" ? share_text(value) : with_digits(value, "");
}

json to_json(const std::optional<taken_by>& by) {
  if (!by) return nullptr;
  return {{"backend", by->backend},
          {"subject", by->subject},
          {"value", by->value},
          {"threshold", by->threshold},
          {"over_us", by->over_us}};
}

std::optional<taken_by> taken_by_of(const std::string& plan_json) {
  const json plan = json::parse(plan_json, nullptr, false);
  const auto at = plan.find("route");
  if (!plan.is_object() || at == plan.end() || !at->is_object()) return std::nullopt;
  return taken_by{at->value("backend", ""), at->value("subject", ""), at->value("value", 0.0),
                  at->value("threshold", 0.0), at->value("over_us", std::int64_t{0})};
}

json route_json(const manifest::pipeline& pipeline, const routed& route) {
  json rules = json::array();
  for (const seen_rule& r : route.rules) {
    json conditions = json::array();
    for (const seen_condition& c : r.conditions) conditions.push_back(condition_json(c));
    rules.push_back({{"rule", rules.size() + 1},
                     {"backend", r.backend},
                     {"matched", r.matched},
                     {"why", r.why},
                     {"conditions", std::move(conditions)}});
  }
  return {{"pipeline", pipeline.name},
          {"backend", route.backend},
          {"reason", route.reason},
          {"default", pipeline.routing.fallback},
          {"rules", std::move(rules)}};
}

std::string route_text(const manifest::pipeline& pipeline, const std::string& tenant, const routed& route) {
  std::string out = "runs of " + tenant + " go to " + route.backend + ": " + route.reason + "\n";
  std::size_t n = 0;
  for (const seen_rule& r : route.rules) {
    out += "  rule " + std::to_string(++n) + ", to " + r.backend + ": " + r.why + "\n";
    for (const seen_condition& c : r.conditions) out += condition_line(c);
  }
  return out + "  default: " + pipeline.routing.fallback + "\n";
}

}  // namespace sluice::host
