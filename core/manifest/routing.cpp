// Routing, alerts and who is told.
#include <algorithm>

#include "manifest/build.hpp"
#include "manifest/plugin_values.hpp"
#include "manifest/reference.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

std::vector<std::string> backend_names(const build& b) {
  std::vector<std::string> out;
  for (const auto& [name, unused] : b.backends) out.push_back(name);
  return out;
}

bool check_backend(build& b, const std::string& name, span at, const std::string& path) {
  if (b.backends.contains(name)) return true;
  b.c.report(code::unknown_backend, at, path, "there is no backend " + in_ticks(name),
             suggestion(name, backend_names(b), "backends"));
  return false;
}

// A backend's name under `key`, checked.
std::string backend_name(build& b, view& v, std::string_view key) {
  if (!v.has(key)) return {};
  std::string name = v.text(key);
  if (!name.empty()) (void)check_backend(b, name, v.get(key)->at, v.path(key));
  return name;
}

std::map<std::string, condition::value> condition_subjects(const build& b) {
  using enum condition::value;
  std::map<std::string, condition::value> out{{"tenant.average_duration", duration},
                                              {"tenant.failure_rate", count},
                                              {"tenant.runs_per_day", count},
                                              {"tenant.critical", flag},
                                              {"host.active_runs", count}};
  for (const auto& [name, domain] : b.domains) {
    if (domain == nullptr) continue;
    for (const stream_schema& s : domain->streams) {
      for (const measure& m : s.measures) out.emplace("tenant." + m.name, count);
    }
  }
  return out;
}

class condition_reader {
 public:
  explicit condition_reader(build& b) : c_(b.c), known_(condition_subjects(b)) {}

  void read(const view::placed_text& t, std::vector<condition>& out) {
    const std::size_t sign = t.text.find_first_of("<>=");
    condition one;
    one.text = t.text;
    one.subject = trim(t.text.substr(0, sign));
    const auto known = known_.find(one.subject);
    if (known == known_.end()) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : known_) names.push_back(name);
      c_.report(code::unknown_measure, t.at, t.path, "there is no measure " + in_ticks(one.subject),
                suggestion(one.subject, names, "measures"));
      return;
    }
    one.type = known->second;
    if (one.type == condition::value::flag) {
      if (sign != std::string::npos)
        bad(t, in_ticks(one.subject) + " is true or false and takes no threshold",
            "write just `" + one.subject + "`");
    } else if (sign == std::string::npos) {
      bad(t, in_ticks(one.subject) + " needs a threshold",
          "write `" + one.subject + " > " + example_of(one) + "`");
      return;
    } else if (t.text[sign] != '>' || t.text.substr(sign, 2) == ">=") {
      bad(t, "only `>` compares here", "write `" + one.subject + " > …`");
      return;
    } else if (!read_threshold(t, trim(t.text.substr(sign + 1)), one)) {
      return;
    }
    out.push_back(std::move(one));
  }

 private:
  static bool is_duration(const condition& c) { return c.type == condition::value::duration; }
  static bool is_ratio(const condition& c) { return c.subject == "tenant.failure_rate"; }
  static std::string example_of(const condition& c) {
    return is_duration(c) ? "30s" : is_ratio(c) ? "5%" : "1000";
  }
  static std::string trim(const std::string& s) {
    const std::size_t first = s.find_first_not_of(' ');
    return first == std::string::npos ? std::string() : s.substr(first, s.find_last_not_of(' ') + 1 - first);
  }
  void bad(const view::placed_text& t, std::string message, std::string help) {
    c_.report(code::bad_condition, t.at, t.path, std::move(message), std::move(help));
  }
  bool read_threshold(const view::placed_text& t, const std::string& value, condition& out) {
    if (is_duration(out)) {
      const std::optional<std::int64_t> d = parse_duration(value);
      if (!d) bad(t, in_ticks(value) + " is not a duration", "write a number and a unit: 500ms, 30s, 5m");
      out.threshold = static_cast<double>(d.value_or(0));
      return d.has_value();
    }
    if (is_ratio(out)) {
      const std::optional<double> r = parse_ratio(value);
      if (!r) bad(t, in_ticks(value) + " is not a ratio", "write it in percent: 5%");
      out.threshold = r.value_or(0);
      return r.has_value();
    }
    const std::optional<std::int64_t> n = parse_integer(value);
    if (!n || *n < 0)
      bad(t, in_ticks(value) + " is not a whole number", "write `" + out.subject + " > 1000`");
    out.threshold = static_cast<double>(n.value_or(0));
    return n && *n >= 0;
  }

  context& c_;
  std::map<std::string, condition::value> known_;
};

// Tenant ids: a list, or one text with commas. An empty text is an absent list.
std::vector<std::string> read_only(build& b, view& v) {
  std::vector<std::string> out;
  const node* n = v.get("only");
  if (n == nullptr) return out;
  const auto take = [&](const std::string& id, const node& from) {
    if (is_tenant_id(id)) {
      out.push_back(id);
    } else {
      const bool hidden = has_reference(from.text);
      b.c.report(code::bad_name, from.at, v.path("only"),
                 (hidden ? "a name in " + in_ticks(from.text) : in_ticks(id)) + " can't be a tenant's id",
                 "an id has letters, digits, `.`, `_` and `-`; several are separated by commas");
    }
  };
  if (n->is_sequence()) {
    for (const view::placed_text& t : v.texts("only")) {
      node from;
      from.text = t.text;
      from.at = t.at;
      take(t.text, from);
    }
    return out;
  }
  if (n->is_null() || !n->is_scalar()) return (void)v.list("only"), out;
  const std::string all = b.c.resolve(*n, v.path("only"), {}).value_or("");
  for (std::size_t i = 0; i <= all.size();) {
    const std::size_t comma = std::min(all.find(',', i), all.size());
    const std::size_t first = all.find_first_not_of(' ', i);
    if (first < comma) take(all.substr(first, all.find_last_not_of(' ', comma - 1) + 1 - first), *n);
    i = comma + 1;
  }
  return out;
}

void read_rules(build& b, view& v) {
  condition_reader conditions(b);
  const std::vector<node>& rules = v.list("rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    view r(b.c, rules[i], rule_shape, child_path(v.path("rules"), i), rules[i].at);
    if (!r.is_mapping()) continue;
    routing_rule out;
    out.backend = backend_name(b, r, "backend");
    out.enabled = r.boolean("enabled");
    out.only = read_only(b, r);
    out.share = r.ratio("share");
    for (const view::placed_text& t : r.texts("when")) conditions.read(t, out.when);
    b.out.routing.rules.push_back(std::move(out));
  }
}

void read_unavailable(build& b, view& v) {
  for (const named_node& n : named_nodes(b.c, v, "when_unavailable")) {
    (void)check_backend(b, n.name, n.at, n.path);
    unavailable out;
    if (n.value->is_scalar()) {
      if (n.value->text != "wait") {
        b.c.report(code::wrong_choice, n.value->at, n.path, expected_found("`wait` or a mapping", *n.value),
                   "write { use: BACKEND, after: 2s }");
      }
    } else {
      view u(b.c, *n.value, unavailable_shape, n.path, n.at);
      out.use = backend_name(b, u, "use");
      out.after_us = u.duration("after");
      if (out.use == n.name)
        b.c.report(code::unknown_backend, u.get("use")->at, u.path("use"),
                   in_ticks(n.name) + " can't stand in for itself", "name another, or write `wait`");
    }
    b.out.routing.when_unavailable[n.name] = out;
  }
}

double read_over(build& b, view& v, const std::string& metric) {
  const node* n = v.get("over");
  if (n == nullptr) return 0;
  const std::string path = v.path("over");
  const std::string text = n->is_scalar() ? b.c.resolve(*n, path, {}).value_or("?") : "";
  std::optional<double> value;
  std::string expected = "a whole number", help;
  if (metric == "failure_rate") {
    value = parse_ratio(text);
    expected = "a ratio";
    help = "write it in percent: 5%";
  } else if (metric == "average_duration") {
    if (const auto d = parse_duration(text)) value = static_cast<double>(*d);
    expected = "a duration";
    help = "write a number and a unit: 10s";
  } else if (const auto i = parse_integer(text); i && *i >= 0) {
    value = static_cast<double>(*i);
  }
  if (!value && text != "?")
    b.c.report(code::wrong_unit, n->is_null() ? v.key_at("over") : n->at, path, expected_found(expected, *n),
               help);
  return value.value_or(0);
}

}  // namespace

void read_routing(build& b, view& root) {
  routing& out = b.out.routing;
  const std::vector<std::string> names = backend_names(b);
  if (names.size() == 1) out.fallback = names[0];
  if (root.has("backends") && root.get("backends")->is_mapping() && names.empty()) {
    b.c.report(code::missing_key, root.key_at("backends"), "backends", "there is no backend",
               "add one: `NAME: { uses: PLUGIN }`");
  }
  if (!root.has("routing")) {
    if (names.size() > 1) {
      b.c.report(code::missing_key, root.key_at("backends"), "routing",
                 "there are several backends and no `routing`",
                 "say which one is used: routing: { default: " + names[0] + " }");
    }
    return;
  }
  view v(b.c, *root.get("routing"), routing_shape, "routing", root.key_at("routing"));
  if (!v.is_mapping()) return;
  if (v.has("default")) {
    out.fallback = backend_name(b, v, "default");
  } else if (names.size() > 1) {
    b.c.report(code::missing_key, v.at(), "routing", "the key `default` is missing",
               "there are several backends: name one");
  }
  read_rules(b, v);
  read_unavailable(b, v);
}

void read_alerts(build& b, view& root) {
  const std::vector<node>& alerts = root.list("alerts");
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    view v(b.c, alerts[i], alert_shape, child_path("alerts", i), alerts[i].at);
    if (!v.is_mapping()) continue;
    alert a{v.choice("metric"),  {}, 0, v.duration("window"), static_cast<int>(v.integer("min_runs")),
            v.choice("severity")};
    if (!a.metric.empty()) a.over = read_over(b, v, a.metric);
    if (v.has("domain")) {
      a.domain = v.text("domain");
      std::vector<std::string> known;
      for (const auto& [name, unused] : b.domains) known.push_back(name);
      if (!b.domains.contains(a.domain)) {
        b.c.report(code::unknown_entry, v.get("domain")->at, v.path("domain"),
                   "there is no entry " + in_ticks(a.domain) + " under `domains`",
                   suggestion(a.domain, known, "entries"));
      }
    } else if (a.metric == "domain_failures") {
      b.c.report(code::missing_key, v.at(), v.path(), "the key `domain` is missing",
                 "name the entry of `domains` that is watched");
    }
    b.out.alerts.push_back(std::move(a));
  }
  const std::vector<node>& notify = root.list("notify");
  for (std::size_t i = 0; i < notify.size(); ++i) {
    view v(b.c, notify[i], notification_shape, child_path("notify", i), notify[i].at);
    if (!v.is_mapping() || !v.has("webhook")) continue;
    const std::string url = v.text("webhook");
    if (url.empty()) continue;
    check_url(b.c, *v.get("webhook"), url, true, v.path("webhook"));
    std::string secret;
    if (v.has("secret")) secret = v.text("secret", {.secret = true, .is_template = true});
    b.out.notify.push_back({url, std::move(secret)});
  }
}

}  // namespace sluice::manifest
