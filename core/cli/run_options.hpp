// What `sluice run` is asked for.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "host/runtime.hpp"

namespace sluice::cli {

struct run_options {
  std::string pipeline, tenant, subject, phase, backend, correlation_id, wait;
  bool by_subject = false;  // also where the id is empty
};

// How long to wait; nothing: as long as it takes. Makes a correlation id where none is given. Throws
// engine::failure for what can't be meant.
[[nodiscard]] std::optional<std::chrono::microseconds> checked(run_options& o);

[[nodiscard]] host::run_ask ask_of(const run_options& o);

}  // namespace sluice::cli
