// Loads a shared library for good. The only door to dlopen.
#pragma once

#include <filesystem>

#include <sluice/abi/base.h>

namespace sluice::plugin {

// Loads `library`, an absolute path that has passed all checks, and asks its entry what it offers. The
// library stays loaded until the process ends: threads, thread-local destructors and functions that
// others hold would outlive an unloading. Throws error.
[[nodiscard]] const sluice_plugin* load_entry(const std::filesystem::path& library);

}  // namespace sluice::plugin
