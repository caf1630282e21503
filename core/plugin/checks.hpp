// Every check that stands between a file and its code running. The loader stops at the first that fails;
// `sluice plugins doctor` shows them all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sluice/abi/base.h>

#include "plugin/catalog.hpp"
#include "plugin/finding.hpp"
#include "plugin/lock_file.hpp"

namespace sluice::plugin {

struct inspection {
  std::vector<finding> findings;
  std::string identity;              // of the library as it was looked at; changes when the file does
  std::string sha256;                // of what a lock file pins; empty: could not be read
  std::vector<std::string> exports;  // of the library

  [[nodiscard]] const finding* first_failure() const noexcept;
};

// What can be checked without running code. Checks that need what failed before are left out.
[[nodiscard]] inspection inspect(const installed_plugin& plugin, const lock_file* lock);

// The identity of a file now, to compare with the one that was inspected; empty: it is gone.
[[nodiscard]] std::string file_identity(const std::filesystem::path& file);

// After loading: versions, sizes, the compiled-in text, components and their tables.
[[nodiscard]] std::vector<finding> handshake(const sluice_plugin* offered, const installed_plugin& plugin);

// The component of what a plugin offers, or nullptr.
[[nodiscard]] const sluice_component* find_offered(const sluice_plugin& offered, component_kind kind,
                                                   std::string_view name) noexcept;

}  // namespace sluice::plugin
