// `sluice token`: who may use the HTTP API.
#pragma once

#include "cli/app.hpp"

namespace sluice::cli {

void add_token(CLI::App& cli, common_options& options, int& result);

}  // namespace sluice::cli
