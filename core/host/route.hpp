// Which backend takes a run, and why; and whether the tenant may be synced at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "manifest/model.hpp"

namespace sluice::host {

// The value of a condition. For people: what it rests on, such as "the last 20 runs".
struct fact {
  double value = 0;
  std::string note;
};

// A rule that has taken a tenant by a value keeps it for a while: what is kept of that with the run, for the next.
struct taken_by {
  std::string backend, subject;  // "tenant.users"
  double value = 0, threshold = 0;
  std::int64_t over_us = 0;  // when it was last over the threshold
};

// What routing knows of a tenant. Each answer is asked for only when a rule depends on it. They may throw
// engine::failure.
class tenant_facts {
 public:
  tenant_facts() = default;
  tenant_facts(const tenant_facts&) = delete;
  tenant_facts& operator=(const tenant_facts&) = delete;
  virtual ~tenant_facts() = default;

  // Of a condition that has a threshold.
  virtual fact value_of(const manifest::condition& what) = 0;
  // What the tenant's newest run was taken by.
  virtual std::optional<taken_by> last() = 0;
  [[nodiscard]] virtual std::int64_t now_us() = 0;
};

// A condition as it was found.
struct seen_condition {
  manifest::condition what;
  fact found;
  bool over = false;
  bool stays = false;        // not over, but it was, and the rule keeps the tenant
  std::int64_t over_us = 0;  // of one that stays: when it was over last
};
struct seen_rule {
  std::string backend, why;  // why it takes the tenant, or why not
  bool matched = false;
  std::vector<seen_condition> conditions;
};

struct routed {
  std::string backend, reason;
  std::optional<taken_by> by;    // to be kept with the run
  std::vector<seen_rule> rules;  // as far as they were looked at
};

// `asked` is a backend that the caller insists on, or empty. With `explain` every rule is looked at, also behind the
// one that wins. Throws engine::failure.
[[nodiscard]] routed choose_backend(const manifest::pipeline& pipeline, const std::string& tenant,
                                    const std::string& asked, tenant_facts& facts, bool explain = false);
// Throws engine::failure (SLU-6023) when the manifest has no such backend; empty is one.
void check_backend(const manifest::pipeline& pipeline, const std::string& asked);
// Where the tenant stands among all, from 0 to 1: a rule's share takes those below it, so a growing share keeps whom
// it had.
[[nodiscard]] double place_in_share(const std::string& tenant, const std::string& backend);

// As it is kept with a run; null: nothing is.
[[nodiscard]] nlohmann::json to_json(const std::optional<taken_by>& by);
// Of a run's plan.
[[nodiscard]] std::optional<taken_by> taken_by_of(const std::string& plan_json);

// What was decided, with each rule and condition: for tools, and for people.
[[nodiscard]] nlohmann::json route_json(const manifest::pipeline& pipeline, const routed& route);
[[nodiscard]] std::string route_text(const manifest::pipeline& pipeline, const std::string& tenant,
                                     const routed& route);
// As the condition measures: "1482", "4.2s", "yes".
[[nodiscard]] std::string value_text(const manifest::condition& of, double value);
[[nodiscard]] std::string share_text(double share);  // "12.5%"

// Throws engine::failure when the manifest doesn't know the tenant and is not open to all.
void check_tenant(const manifest::pipeline& pipeline, const std::string& tenant);

}  // namespace sluice::host
