// What the history says of where tenants should run: who is over which threshold, what those that were moved have
// gained, and the line of the manifest that moves others.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/store.hpp"
#include "manifest/model.hpp"

namespace sluice::host {

struct advice_ask {
  std::string tenant;                                  // empty: all
  std::int64_t window_us = 28 * 24 * 3'600'000'000LL;  // back from now
  int most_runs = 20'000;                              // the newest that are looked at
  std::size_t most_tenants = 200;                      // those with most runs
};

// Throws engine::failure.
[[nodiscard]] nlohmann::json advice_report(engine::session& session, const manifest::pipeline& pipeline,
                                           const advice_ask& ask);
// For people.
[[nodiscard]] std::string advice_text(const nlohmann::json& report);

}  // namespace sluice::host
