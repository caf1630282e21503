// The host file: what belongs to the machine and not to a pipeline.
//
//   plugins: [/usr/lib/sluice/plugins]     # absolute, or relative to the file
//   lock: /etc/sluice/sluice.lock          # only what it pins is loaded
//   log: { level: info }
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "observe/log.hpp"

namespace sluice::host {

struct settings {
  std::vector<std::filesystem::path> plugin_folders;
  std::optional<std::filesystem::path> lock;
  observe::log_level log_level = observe::log_level::info;
};

// Without a host file: the plugins beside the program, where the build and the package put them.
[[nodiscard]] settings default_settings();
// Throws plugin::error with one line for the first thing that is wrong: file, line and what to do.
[[nodiscard]] settings read_settings(const std::filesystem::path& file);

}  // namespace sluice::host
