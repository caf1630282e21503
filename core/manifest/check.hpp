// The one checker behind `check`, `run`, `serve`, reload and the API: a file in, a pipeline or all its errors out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/catalog.hpp"
#include "manifest/diagnostic.hpp"
#include "manifest/model.hpp"

namespace sluice::manifest {

using environment = std::function<std::optional<std::string>(const std::string& name)>;

// The environment of this process.
[[nodiscard]] environment process_environment();

struct check_result {
  std::optional<struct pipeline> pipeline;  // only without errors
  std::vector<diagnostic> diagnostics;      // by position, at most 50; warnings included

  [[nodiscard]] bool ok() const { return pipeline.has_value(); }
};

[[nodiscard]] check_result check_file(const std::string& path, const component_catalog&, const environment&);
// `path` names the text in diagnostics; relative paths in it start at its folder.
[[nodiscard]] check_result check_text(const std::string& path, std::string_view text,
                                      const component_catalog&, const environment&);

// Its name and its store alone: for whoever looks into the store. Nothing else is judged, so that a
// manifest that has changed, or needs an environment that isn't here, still says where its data are.
[[nodiscard]] check_result check_store(const std::string& path, const environment&);

// Its name, tenants and sources alone: for whoever looks at an upstream before there is anything to sync from it.
[[nodiscard]] check_result check_sources(const std::string& path, const component_catalog&,
                                         const environment&);

// A diagnostic that says nothing yet, about what stands in the file under these keys (or indexes), or as deep as
// they lead.
[[nodiscard]] diagnostic diagnostic_at(const std::string& path, const std::vector<std::string>& keys);

struct tenants_result {
  std::optional<struct tenants> tenants;
  std::vector<diagnostic> diagnostics;
};
// A file of tenants alone, as `tenants: { from: FILE }` names it: for reload.
[[nodiscard]] tenants_result check_tenants_file(const std::string& path, const environment&);

}  // namespace sluice::manifest
