// Whether the upstreams of a manifest answer as it expects: the first page of each read, for each tenant. Nothing is
// stored.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/probe_mapping.hpp"
#include "manifest/diagnostic.hpp"

namespace sluice::host {

struct live_read {
  enum class outcome : std::uint8_t { good, wrong, later, skipped };

  std::string tenant, source, stage;
  enum outcome outcome = outcome::good;
  std::string why;  // it was skipped
  std::int64_t records = 0, rows = 0;
  int status = 0;  // of HTTP; 0: there is none
  double ms = 0;
};

struct live_result {
  std::vector<live_read> reads;  // tenant by tenant, parents before children
  std::vector<manifest::diagnostic> diagnostics;
  bool cancelled = false;

  [[nodiscard]] bool has(enum live_read::outcome o) const;
};

// A read with a parent is made for the first record of it.
[[nodiscard]] live_result check_live(prober& host, const std::vector<std::string>& tenants,
                                     const std::function<bool()>& cancelled);

[[nodiscard]] std::string to_text(const live_result& r);

}  // namespace sluice::host
