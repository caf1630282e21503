// The plugins that lie in the plugin folders, as their plugin.json describe them. Runs no code.
//
// A plugin is a folder: <plugins>/NAME/{plugin.json, NAME.so}; one without code has no NAME.so.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/metadata.hpp"

namespace sluice::plugin {

struct installed_plugin {
  std::filesystem::path folder;  // absolute
  std::filesystem::path metadata_file;
  std::filesystem::path library;  // empty: there is none
  metadata meta;                  // only the folder's name when `broken`
  std::vector<problem> problems;  // warnings too
  bool broken = false;            // not usable: at least one problem is an error
};

// A component with the plugin that it belongs to. Lives as long as the catalog.
struct found_component {
  const installed_plugin* plugin = nullptr;
  const component* item = nullptr;
  [[nodiscard]] explicit operator bool() const noexcept { return item != nullptr; }
};

class catalog {
 public:
  // Reads all folders; what is wrong with a plugin is kept with it, the others stay usable.
  [[nodiscard]] static catalog scan(const std::vector<std::filesystem::path>& plugin_folders);

  catalog(catalog&&) = default;
  catalog& operator=(catalog&&) = default;

  // The component of a plugin that is not broken, or an empty one.
  [[nodiscard]] found_component find(component_kind kind, std::string_view name) const noexcept;
  // The same; a missing one throws error(invalid) that says why it is missing, or what looks alike.
  [[nodiscard]] found_component require(component_kind kind, std::string_view name) const;
  // Names of all usable components of a kind, sorted.
  [[nodiscard]] std::vector<std::string> names(component_kind kind) const;

  // Sorted by name, broken ones included.
  [[nodiscard]] const std::vector<installed_plugin>& plugins() const noexcept { return plugins_; }
  [[nodiscard]] const installed_plugin* find_plugin(std::string_view name) const noexcept;
  // Of the folders themselves, then those of each plugin.
  [[nodiscard]] std::vector<problem> problems() const;

 private:
  catalog() = default;
  void scan_folder(const std::filesystem::path& folder);
  void refuse_duplicates();
  void check_references();

  std::vector<installed_plugin> plugins_;
  std::vector<problem> folder_problems_;
};

}  // namespace sluice::plugin
