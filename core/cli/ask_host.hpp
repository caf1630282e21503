// Commands that ask a host that serves on this machine, at the socket that its host file names.
#pragma once

#include "cli/app.hpp"

namespace sluice::cli {

// `health` and `reload`.
void add_ask_host(CLI::App& cli, common_options& options, int& result);

}  // namespace sluice::cli
