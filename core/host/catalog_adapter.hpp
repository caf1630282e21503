// The installed plugins as the manifest's checker sees them.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "manifest/catalog.hpp"
#include "plugin/catalog.hpp"

namespace sluice::host {

class catalog_adapter final : public manifest::component_catalog {
 public:
  explicit catalog_adapter(const plugin::catalog& plugins);
  [[nodiscard]] const manifest::component_info* find(manifest::component_kind kind,
                                                     std::string_view name) const override;
  [[nodiscard]] std::vector<std::string> names(manifest::component_kind kind) const override;
  [[nodiscard]] std::string refusal(manifest::component_kind kind, std::string_view name) const override;

 private:
  std::map<std::string, std::string, std::less<>> refused_;  // why, by plugin
  std::map<manifest::component_kind, std::map<std::string, manifest::component_info, std::less<>>> by_kind_;
};

}  // namespace sluice::host
