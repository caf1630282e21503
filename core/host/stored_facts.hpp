// What a store knows of a tenant, for routing. Each question is put once: whoever wants news makes another one of these.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "engine/store.hpp"
#include "host/route.hpp"

namespace sluice::host {

struct facts_setup {
  const manifest::pipeline& pipeline;
  std::string tenant;
  // Has a question asked of some session, and returns when it is answered. Empty: there is no store yet.
  std::function<void(const std::function<void(engine::session&)>&)> ask;
  std::function<int()> active_runs;  // of this host
};

// Any thread.
class stored_facts final : public tenant_facts {
 public:
  explicit stored_facts(facts_setup setup) : setup_(std::move(setup)) {}

  fact value_of(const manifest::condition& what) override;
  std::optional<taken_by> last() override;
  [[nodiscard]] std::int64_t now_us() override;

 private:
  [[nodiscard]] fact ask_for(const manifest::condition& what);
  [[nodiscard]] std::int64_t now();

  facts_setup setup_;
  std::mutex mutex_;
  std::map<std::string, fact> values_;  // by what the condition says
  std::optional<std::optional<taken_by>> last_;
  std::int64_t now_us_ = 0;
};

// How many live rows a tenant has of what a measure of a domain counts.
[[nodiscard]] std::int64_t measure(engine::session& session, const std::string& tenant,
                                   const std::string& name);

}  // namespace sluice::host
