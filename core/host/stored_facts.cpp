#include "host/stored_facts.hpp"

#include <chrono>

#include "host/tenant_history.hpp"

namespace sluice::host {

namespace {

constexpr std::string_view of_tenant = "tenant.";

std::int64_t clock_of_this_machine() {
  const auto t = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
}

}  // namespace

std::int64_t measure(engine::session& session, const std::string& tenant, const std::string& name) {
  for (const stream_schema& s : session.inspect().streams()) {
    for (const sluice::measure& m : s.measures) {
      if (m.name == name) return session.count_rows(tenant, s.name, m.where_column, m.where_value);
    }
  }
  return 0;  // its plugin has not been used with this store yet
}

std::int64_t stored_facts::now() {
  if (now_us_ == 0 && !setup_.ask) now_us_ = clock_of_this_machine();
  if (now_us_ == 0) setup_.ask([this](engine::session& s) { now_us_ = s.now_us(); });
  return now_us_;
}

std::int64_t stored_facts::now_us() {
  const std::lock_guard lock(mutex_);
  return now();
}

fact stored_facts::ask_for(const manifest::condition& what) {
  if (!setup_.ask) return {};
  const std::int64_t until = now();
  fact out;
  setup_.ask([&](engine::session& s) {
    if (auto past = history_fact(s, setup_.pipeline, setup_.tenant, what, until)) out = std::move(*past);
    else out.value = static_cast<double>(measure(s, setup_.tenant, what.subject.substr(of_tenant.size())));
  });
  return out;
}

fact stored_facts::value_of(const manifest::condition& what) {
  if (what.subject == "host.active_runs")
    return {static_cast<double>(setup_.active_runs ? setup_.active_runs() : 0), {}};
  const std::lock_guard lock(mutex_);
  const auto known = values_.find(what.text);
  return known != values_.end() ? known->second : values_.emplace(what.text, ask_for(what)).first->second;
}

std::optional<taken_by> stored_facts::last() {
  const std::lock_guard lock(mutex_);
  if (!last_) {
    last_.emplace();
    if (setup_.ask) {
      std::optional<engine::last_routed> run;
      setup_.ask([&](engine::session& s) { run = s.last_route(setup_.tenant, setup_.pipeline.name); });
      if (run) last_.emplace(taken_by_of(run->plan));
    }
  }
  return *last_;
}

}  // namespace sluice::host
