// Loads a built plugin in a test. The host does more: it checks the file before any code runs.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include <sluice/abi.h>

namespace sluice::testkit {

// `folder` holds NAME.so; sluice_add_plugin() makes it. The plugin stays loaded, as in a host.
[[nodiscard]] inline const sluice_plugin& load_plugin(const std::string& folder) {
  const std::string file = folder + folder.substr(folder.find_last_of('/')) + ".so";
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  void* symbol = dlsym(library, SLUICE_PLUGIN_ENTRY_SYMBOL);
  if (symbol == nullptr) throw std::runtime_error(file + " has no " SLUICE_PLUGIN_ENTRY_SYMBOL);
  return *reinterpret_cast<sluice_plugin_entry>(symbol)();
}

// The table of one component. Table: sluice_domain_v1, sluice_source_v1 or sluice_backend_v1.
template <class Table>
[[nodiscard]] const Table& find_component(const sluice_plugin& plugin, std::string_view kind,
                                          std::string_view name) {
  for (std::uint32_t i = 0; i < plugin.component_count; ++i) {
    const sluice_component& c = *plugin.components[i];
    if (c.kind == kind && c.name == name) return *static_cast<const Table*>(c.table);
  }
  throw std::runtime_error("the plugin has no " + std::string(kind) + " `" + std::string(name) + "`");
}

}  // namespace sluice::testkit
