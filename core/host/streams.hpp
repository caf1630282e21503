// The streams that a pipeline's tables are made from: those of its domains, and those that they
// refer to, so that a parent's table is there even where nothing fills it.
#pragma once

#include <string>
#include <vector>

#include "manifest/model.hpp"
#include "plugin/catalog.hpp"

namespace sluice::host {

struct plugin_streams {
  std::string plugin, version;
  std::vector<stream_schema> streams;
};

// By plugin, parents' plugins first where that is possible.
[[nodiscard]] std::vector<plugin_streams> streams_of(const manifest::pipeline& pipeline,
                                                     const plugin::catalog& catalog);

}  // namespace sluice::host
