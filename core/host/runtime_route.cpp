// Where runs go: what is known of their tenants.
#include <nlohmann/json.hpp>

#include "host/route.hpp"
#include "host/runtime.hpp"
#include "observe/instant.hpp"

namespace sluice::host {

facts_setup runtime::ask_facts_of(const std::string& tenant) {
  return {setup_.pipeline, tenant,
          [this](const std::function<void(engine::session&)>& question) {
            static_cast<void>(ask_store([&](engine::session& s) {
              question(s);
              return true;
            }));
          },
          [this] {
            return setup_.shared != nullptr ? setup_.shared->door.active() : static_cast<int>(open_runs());
          }};
}

// What a sign-in rests on need not be of this second, and a tenant's many sign-ins share the answer.
std::shared_ptr<stored_facts> runtime::facts_of(const std::string& tenant) {
  constexpr std::int64_t good_for_us = 30'000'000;
  const std::int64_t now = clock_.steady_us();
  const std::lock_guard lock(mutex_);
  std::erase_if(facts_, [&](const auto& f) { return f.second.asked_us + good_for_us <= now; });
  known_facts& known = facts_[tenant];
  if (!known.facts) known = {std::make_shared<stored_facts>(ask_facts_of(tenant)), now};
  return known.facts;
}

nlohmann::json runtime::explain_route(const std::string& tenant) {
  stored_facts facts(ask_facts_of(tenant));
  nlohmann::json out = route_json(setup_.pipeline, choose_backend(setup_.pipeline, tenant, {}, facts, true));
  out["unavailable"] = nlohmann::json::array();
  for (const backend_standing& s : backend_health_.all_away()) {
    if (s.pipeline != setup_.pipeline.name) continue;
    out["unavailable"].push_back(
        {{"backend", s.backend}, {"code", s.code}, {"why", s.why}, {"since", observe::rfc3339(s.since_us)}});
  }
  return out;
}

}  // namespace sluice::host
