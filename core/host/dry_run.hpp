// What a run would do, without a trace in the store: the same engine with the real sources, against a copy.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "host/local_run.hpp"
#include "host/plan_builder.hpp"
#include "host/verify.hpp"

namespace sluice::host {

struct changed_value {
  std::string column, before, after;  // JSON texts; "null" where there is none
};
struct changed_row {
  std::string key;
  std::vector<changed_value> values;  // of an update
};
struct stream_changes {
  std::vector<changed_row> inserted, updated, deleted;  // the first of each kind
};

struct dry_ask {
  std::string tenant;
  std::string subject;  // not empty: only what is read for that one
  wanted_phase phases = wanted_phase::both;
  std::size_t show = 10;  // rows of each kind and stream
  engine::progress_fn on_progress;
  std::function<bool()> cancelled;
};

struct dry_result {
  engine::run_row run;  // the receipt that the run would have
  std::map<std::string, stream_changes> streams;
  std::vector<engine::deferred_row> deferred;
  std::vector<engine::reject_row> rejects;
  std::int64_t left_behind = 0;
  [[nodiscard]] std::int64_t changes() const;  // rows that would be written
};

struct dry_setup {
  const manifest::pipeline& pipeline;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  observe::logger& log;
  const secret_store& secrets;
  store::store* store;  // opened for reading; null: there is none yet
};

// What the next run would do.
[[nodiscard]] dry_result plan_run(const dry_setup& setup, const dry_ask& ask);
// Compares what is stored with all that the upstream has; adds what differs. Returns why it could not be
// compared in full; empty: it was.
[[nodiscard]] std::vector<std::string> compare_with_upstream(const dry_setup& setup, const dry_ask& ask,
                                                             verifier& to);

[[nodiscard]] nlohmann::json to_json(const dry_result& result);
[[nodiscard]] std::string to_text(const dry_result& result);

}  // namespace sluice::host
