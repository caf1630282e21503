#include "host/advice.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "host/figures.hpp"
#include "host/receipt.hpp"
#include "host/stored_facts.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;
using value = manifest::condition::value;

constexpr std::int64_t enough_runs = 5;  // on each of two backends, to say what moving has gained

struct rule_to_advise {
  std::size_t number = 0;  // in the manifest; 0: there is none
  std::string backend;
  std::vector<manifest::condition> conditions;
  std::vector<std::string> only;
};

// Where nothing is said of when a tenant is large: what usually is.
std::vector<manifest::condition> usual_conditions() {
  return {{"tenant.users > 1000", "tenant.users", value::count, 1'000},
          {"tenant.organizations > 100", "tenant.organizations", value::count, 100},
          {"tenant.average_duration > 30s", "tenant.average_duration", value::duration, 30e6},
          {"tenant.failure_rate > 5%", "tenant.failure_rate", value::count, 0.05},
          {"tenant.runs_per_day > 1000", "tenant.runs_per_day", value::count, 1'000}};
}

// Rules are asked whether they are on or not: what they would do is the question.
std::vector<rule_to_advise> rules_of(const manifest::pipeline& p) {
  std::vector<rule_to_advise> out;
  for (std::size_t i = 0; i < p.routing.rules.size(); ++i) {
    const manifest::routing_rule& rule = p.routing.rules[i];
    rule_to_advise& to = out.emplace_back(rule_to_advise{i + 1, rule.backend, {}, rule.only});
    for (const manifest::condition& c : rule.when) {
      if (c.subject.starts_with("tenant.") && c.type != value::flag) to.conditions.push_back(c);
    }
    if (rule.when.empty()) to.conditions = usual_conditions();
  }
  if (!out.empty()) return out;
  for (const manifest::backend& b : p.backends) {
    if (b.name != p.routing.fallback) out.push_back({0, b.name, usual_conditions(), {}});
  }
  if (out.empty())
    out.push_back({0, {}, usual_conditions(), {}});  // there is nowhere to go, but much to know
  return out;
}

using by_backend = std::map<std::string, figures>;

struct past {
  by_backend backends;                        // runs of whole tenants
  std::map<std::string, by_backend> tenants;  // the same
  std::map<std::string, std::int64_t> subject_runs;
  bool complete = true;
  std::int64_t from_us = 0, to_us = 0;
};

past read_past(engine::session& session, const manifest::pipeline& pipeline, const advice_ask& ask) {
  past out;
  out.to_us = session.now_us();
  engine::history_filter filter;
  filter.tenant = ask.tenant;
  filter.pipeline = pipeline.name;
  filter.from_us = out.from_us = out.to_us - ask.window_us;
  filter.limit = ask.most_runs + 1;
  auto runs = session.history(filter);
  if (runs.size() == static_cast<std::size_t>(filter.limit)) {
    runs.pop_back();
    out.complete = false;
    out.from_us = runs.back().ended_us;
  }
  for (const engine::ended_run& run : runs) {
    if (!run.scope.empty()) {
      ++out.subject_runs[run.backend];
      continue;
    }
    add_run(out.backends[run.backend], run);
    add_run(out.tenants[run.tenant][run.backend], run);
  }
  return out;
}

std::vector<std::string> tenants_of(const past& p, std::size_t most) {
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [tenant, backends] : p.tenants) {
    std::int64_t runs = 0;
    for (const auto& [name, f] : backends) runs += f.runs;
    order.emplace_back(-runs, tenant);
  }
  std::sort(order.begin(), order.end());
  if (order.size() > most) order.resize(most);
  std::vector<std::string> out;
  for (auto& [runs, tenant] : order) out.push_back(std::move(tenant));
  return out;
}

json over_json(const manifest::condition& c, const fact& found) {
  const double unit = c.type == value::duration ? 1e6 : 1;
  json out{{"condition", c.text},
           {"text", c.subject + " " + value_text(c, found.value) + " > " + value_text(c, c.threshold)},
           {"value", found.value / unit},
           {"threshold", c.threshold / unit}};
  if (!found.note.empty()) out["of"] = found.note;
  return out;
}

json list_json(const by_backend& all) {
  json out = json::array();
  for (const auto& [name, f] : all) {
    json one = to_json(f);
    one["backend"] = name;
    out.push_back(std::move(one));
  }
  return out;
}

double ms(std::int64_t us) { return static_cast<double>(us) / 1000; }

// What became of one tenant between two backends; null: too few runs to say.
json gain_json(const std::string& tenant, const by_backend& of, const std::string& from,
               const std::string& to) {
  const auto before = of.find(from), after = of.find(to);
  if (before == of.end() || after == of.end()) return nullptr;
  const figures &a = before->second, &b = after->second;
  if (a.counted() < enough_runs || b.counted() < enough_runs) return nullptr;
  const auto pair = [](double x, double y) { return json{{"before", x}, {"after", y}}; };
  return {{"tenant", tenant},
          {"runs", pair(static_cast<double>(a.runs), static_cast<double>(b.runs))},
          {"success_rate", pair(1 - a.failure_rate().value_or(0), 1 - b.failure_rate().value_or(0))},
          {"essential_p95_ms", pair(ms(a.essential.percentile_us(95)), ms(b.essential.percentile_us(95)))},
          {"duration_p50_ms", pair(ms(a.whole.percentile_us(50)), ms(b.whole.percentile_us(50)))},
          {"duration_p95_ms", pair(ms(a.whole.percentile_us(95)), ms(b.whole.percentile_us(95)))}};
}

class adviser {
 public:
  adviser(engine::session& session, const manifest::pipeline& pipeline, const past& history)
      : session_(session), pipeline_(pipeline), past_(history), rules_(rules_of(pipeline)) {}

  void look_at(const std::string& tenant) {
    stored_facts facts({pipeline_, tenant, [this](const auto& question) { question(session_); }, {}});
    const std::string now = choose_backend(pipeline_, tenant, {}, facts).backend;
    json over = json::array();
    for (const rule_to_advise& rule : rules_) {
      bool any = false;
      for (const manifest::condition& c : rule.conditions) {
        const fact found = facts.value_of(c);
        if (found.value <= c.threshold) continue;
        any = true;
        json one = over_json(c, found);
        one["backend"] = rule.backend;
        over.push_back(std::move(one));
      }
      if (any && !rule.backend.empty() && now != rule.backend) to_move_[rule.number].insert(tenant);
      if (const json g =
              gain_json(tenant, past_.tenants.at(tenant), pipeline_.routing.fallback, rule.backend);
          !g.is_null())
        gained_[rule.backend].push_back(g);
    }
    if (over.empty() && now == pipeline_.routing.fallback) return;
    out_.push_back({{"tenant", tenant},
                    {"backend", now},
                    {"moved", now != pipeline_.routing.fallback},
                    {"over", std::move(over)},
                    {"backends", list_json(past_.tenants.at(tenant))}});
  }

  [[nodiscard]] json tenants() const { return out_; }
  [[nodiscard]] json gained() const {
    json out = json::array();
    for (const auto& [backend, list] : gained_)
      out.push_back({{"from", pipeline_.routing.fallback}, {"to", backend}, {"tenants", list}});
    return out;
  }
  // The line that moves them, with those that the rule has already.
  [[nodiscard]] json moves() const {
    json out = json::array();
    for (const rule_to_advise& rule : rules_) {
      const auto at = to_move_.find(rule.number);
      if (at == to_move_.end()) continue;
      std::string list;
      std::set<std::string> all(rule.only.begin(), rule.only.end());
      all.insert(at->second.begin(), at->second.end());
      for (const std::string& tenant : all) list += (list.empty() ? "" : ",") + tenant;
      const std::string only = "only: \"" + list + "\"";
      out.push_back(
          {{"backend", rule.backend},
           {"tenants", at->second},
           {"rule", rule.number == 0 ? json() : json(rule.number)},
           {"line", rule.number == 0 ? "- { backend: " + rule.backend + ", " + only + " }" : only}});
    }
    return out;
  }

 private:
  engine::session& session_;
  const manifest::pipeline& pipeline_;
  const past& past_;
  std::vector<rule_to_advise> rules_;
  json out_ = json::array();
  std::map<std::size_t, std::set<std::string>> to_move_;  // by rule
  std::map<std::string, std::vector<json>> gained_;       // by backend
};

}  // namespace

json advice_report(engine::session& session, const manifest::pipeline& pipeline, const advice_ask& ask) {
  const past history = read_past(session, pipeline, ask);
  adviser advise(session, pipeline, history);
  for (const std::string& tenant : tenants_of(history, ask.most_tenants)) advise.look_at(tenant);
  json backends = list_json(history.backends);
  for (json& b : backends) {
    const auto at = history.subject_runs.find(b["backend"].get<std::string>());
    b["subject_runs"] = at == history.subject_runs.end() ? 0 : at->second;
  }
  return {{"pipeline", pipeline.name},
          {"window_s", ask.window_us / 1'000'000},
          {"from", instant_json(history.from_us)},
          {"to", instant_json(history.to_us)},
          {"complete", history.complete},
          {"default", pipeline.routing.fallback},
          {"tenants_seen", history.tenants.size()},
          {"backends", std::move(backends)},
          {"tenants", advise.tenants()},
          {"gained", advise.gained()},
          {"moves", advise.moves()}};
}

}  // namespace sluice::host
