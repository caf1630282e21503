// What `sluice plugins` tells, as data: what is installed, one plugin in full, and every check with its
// outcome and its remedy.
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "plugin/catalog.hpp"
#include "plugin/lock_file.hpp"

namespace sluice::plugin {

// {"plugins": [{name, version, sdk, folder, code, components: [{kind, name, description}], broken,
//  problems}], "problems": [{code, severity, line}]}
[[nodiscard]] nlohmann::json list_report(const catalog& plugins);

// One plugin with its streams, schemas, capabilities and reads. Throws error for an unknown name.
[[nodiscard]] nlohmann::json show_report(const catalog& plugins, std::string_view name);

// {"healthy": bool, "plugins": [{name, version, healthy, sha256, exported_symbols,
//    checks: [{check, ok, code, message, fix}]}], "shared_symbols": [{symbol, plugins}], "problems"}
// Loads the code of a plugin only after every check that can be made without it has passed.
[[nodiscard]] nlohmann::json doctor_report(const catalog& plugins, const std::optional<lock_file>& lock);

}  // namespace sluice::plugin
