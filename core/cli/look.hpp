// What the commands share that open a store which is there: to look into it, or to change it.
#pragma once

#include <functional>
#include <string>

#include "cli/app.hpp"
#include "engine/store.hpp"
#include "store/store.hpp"

namespace sluice::cli {

struct list_options {
  std::string pipeline, tenant, state, run_id;
  int limit = 50;
  bool all = false;
};

// Opens the store of a pipeline for looking only. One of another version is refused, and none is made.
[[nodiscard]] int look_into(app& a, const std::string& manifest,
                            const std::function<int(store::store&)>& look);
// The same, and hands a session over.
[[nodiscard]] int with_session(app& a, const std::string& manifest,
                               const std::function<int(engine::session&)>& look);
// The same for writing.
[[nodiscard]] int with_writer(app& a, const std::string& manifest,
                              const std::function<int(engine::session&)>& work);
// Nothing found is an answer too, but a mistyped name looks the same.
void say_none(app& a, const list_options& o, const std::string& what);

// Throws engine::failure for a tenant that the store has never met.
void require_tenant(engine::session& session, const std::string& tenant);

int list_rejects(app& a, const list_options& o);

// Follows a run of any process to its end; its receipt at the end.
int watch_run(app& a, const std::string& manifest, const std::string& run_id);

}  // namespace sluice::cli
