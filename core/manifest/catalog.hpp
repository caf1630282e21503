// What the manifest needs to know of the installed plugins. The host adapts its catalog; tests give a fake.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/schema.hpp>

namespace sluice::manifest {

enum class component_kind : std::uint8_t { domain, source, backend };

[[nodiscard]] std::string_view to_string(component_kind);

struct component_info {
  std::string name;
  std::string version;  // of its plugin
  std::string description;
  std::string config_schema;           // JSON Schema text; empty: takes no configuration
  std::string request_schema;          // sources: of a read's `request`
  std::vector<stream_schema> streams;  // domains
  std::string reads;                   // domains: JSON object of reads for a documented API; empty: none
};

class component_catalog {
 public:
  virtual ~component_catalog() = default;
  // Null when no such component is installed. Valid as long as the catalog.
  [[nodiscard]] virtual const component_info* find(component_kind, std::string_view name) const = 0;
  [[nodiscard]] virtual std::vector<std::string> names(component_kind) const = 0;
  // Why what lies there under this name can't be used; empty: nothing does.
  [[nodiscard]] virtual std::string refusal(component_kind, std::string_view /*name*/) const { return {}; }
};

}  // namespace sluice::manifest
