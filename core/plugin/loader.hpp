// Turns an installed plugin into code that may be called: checks first, then loads, then shakes hands.
// A plugin is loaded once in the life of the process and never unloaded.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <sluice/abi/base.h>

#include "plugin/catalog.hpp"
#include "plugin/lock_file.hpp"

namespace sluice::plugin {

// The version of this host, for messages and for plugins.
[[nodiscard]] std::string_view host_version() noexcept;

// A component that is ready to make instances. Lives as long as the loader and its catalog.
struct loaded_component {
  const installed_plugin* plugin = nullptr;
  const component* item = nullptr;
  const void* table = nullptr;  // sluice_domain_v1 and so on; nullptr: a domain without code
};

class loader {
 public:
  // With a lock file, only what it pins is loaded. The catalog must outlive the loader.
  loader(const catalog& plugins, std::optional<lock_file> lock);

  // Loads the plugin of a component where that has not happened yet. Thread-safe. Throws error whose
  // message is one line: what, where, what to do.
  [[nodiscard]] loaded_component open(component_kind kind, std::string_view name);

 private:
  const sluice_plugin* load(const installed_plugin& plugin);

  const catalog& catalog_;
  std::optional<lock_file> lock_;
  std::mutex mutex_;
  std::map<std::string, const sluice_plugin*, std::less<>> loaded_;  // by plugin; nullptr: without code
};

}  // namespace sluice::plugin
