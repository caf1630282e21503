// From the words of a command to what a probe asks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/probe.hpp"

namespace sluice::host {

// Throws engine::failure (SLU-7051) that names those that there are.
[[nodiscard]] const manifest::read& named_read(const manifest::pipeline& pipeline, const std::string& name);
// A request that no read has: a path, which may carry a query, and `NAME=VALUE` parameters. Throws engine::failure.
[[nodiscard]] probe_request plain_request(const manifest::pipeline& pipeline, const std::string& source,
                                          const std::string& path, const std::vector<std::string>& query);

// Gives a read with a parent the values that it needs of a parent record: those given as `NAME=VALUE`, else those of
// the first record that the parent read brings. Throws engine::failure or plugin::error.
void add_parent(prober& host, probed_read& to, const std::vector<std::string>& given,
                const std::function<bool()>& cancelled);

}  // namespace sluice::host
