// What a failure of an upstream means to who looks at it by hand.
#pragma once

#include "cli/app.hpp"
#include "engine/failure.hpp"

namespace sluice::cli {

// To be tried again later, or something that the manifest has to say otherwise.
[[nodiscard]] inline int exit_of_upstream(const engine::failure& f) {
  if (f.kind() == engine::failure_class::cancelled) return exit_code::cancelled;
  if (f.kind() == engine::failure_class::internal) return exit_code::failed;
  return f.retryable() ? exit_code::later : exit_code::bad_manifest;
}

}  // namespace sluice::cli
