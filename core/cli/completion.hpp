// `sluice completion`: what a shell needs to complete commands and options, made from the commands themselves.
#pragma once

#include "cli/app.hpp"

namespace sluice::cli {

// After all others: it knows those that are there.
void add_completion(CLI::App& cli, common_options& options, int& result);

}  // namespace sluice::cli
