// The two halves of `sluice check`.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"

namespace sluice::cli {

// With what the manifest itself gave rise to; the exit code. An empty tenant: all that the manifest names.
[[nodiscard]] int check_upstreams(app& a, const manifest::pipeline& pipeline,
                                  std::vector<manifest::diagnostic> found, const std::string& tenant);

}  // namespace sluice::cli
