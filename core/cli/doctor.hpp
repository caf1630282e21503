// `sluice plugins doctor`.
#pragma once

#include <string>

#include "cli/app.hpp"

namespace sluice::cli {

// Every check of every plugin; with a manifest, whether its backends take runs, too.
[[nodiscard]] int doctor(app& a, const std::string& manifest);

}  // namespace sluice::cli
