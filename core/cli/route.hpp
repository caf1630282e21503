// What the commands about routing share.
#pragma once

#include <memory>

#include "cli/app.hpp"
#include "store/store.hpp"

namespace sluice::cli {

// For reading; null: nothing has made it yet, the first run will.
[[nodiscard]] std::unique_ptr<store::store> open_to_look(store::store_options options);

void add_advise(CLI::App& cli, common_options& options, int& result);
void add_route(CLI::App& cli, common_options& options, int& result);

}  // namespace sluice::cli
