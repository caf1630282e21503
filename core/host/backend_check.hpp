// Whether the backends of a pipeline take runs, and what their plugins have to say of it. Nothing is sequenced.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "host/secrets.hpp"
#include "manifest/model.hpp"
#include "observe/log.hpp"
#include "plugin/loader.hpp"

namespace sluice::host {

struct backend_report {
  std::string name, uses;
  bool takes_runs = false;
  std::string code, why;          // why not
  std::vector<std::string> said;  // by the plugin
};

// Waits for the answer of each no longer than that. Throws plugin::error for a plugin that can't be used at all.
[[nodiscard]] std::vector<backend_report> check_backends(const manifest::pipeline& pipeline,
                                                         plugin::loader& loader, observe::logger& log,
                                                         const secret_store& secrets,
                                                         std::chrono::milliseconds at_most);

}  // namespace sluice::host
