#include "plugin/loader.hpp"

#include <algorithm>
#include <utility>

#include "plugin/checks.hpp"
#include "plugin/codes.hpp"
#include "plugin/error.hpp"
#include "plugin/library.hpp"

namespace sluice::plugin {

std::string_view host_version() noexcept { return SLUICE_VERSION; }

loader::loader(const catalog& plugins, std::optional<lock_file> lock)
    : catalog_(plugins), lock_(std::move(lock)) {}

loaded_component loader::open(component_kind kind, std::string_view name) {
  const found_component found = catalog_.require(kind, name);
  const std::scoped_lock lock(mutex_);
  auto it = loaded_.find(found.plugin->meta.name);
  if (it == loaded_.end()) it = loaded_.emplace(found.plugin->meta.name, load(*found.plugin)).first;
  const sluice_plugin* offered = it->second;
  const sluice_component* code = offered == nullptr ? nullptr : find_offered(*offered, kind, name);
  return {found.plugin, found.item, code == nullptr ? nullptr : code->table};
}

const sluice_plugin* loader::load(const installed_plugin& plugin) {
  const inspection seen = inspect(plugin, lock_ ? &*lock_ : nullptr);
  if (const finding* failed = seen.first_failure()) throw to_error(*failed);
  if (plugin.library.empty()) return nullptr;
  if (file_identity(plugin.library) != seen.identity) {
    throw error(
        status::invalid, code::changed,
        plugin.library.string() + ": changed while it was checked; find out who writes to the folder");
  }
  const sluice_plugin* offered = load_entry(plugin.library);
  for (const finding& f : handshake(offered, plugin)) {
    if (!f.passed()) throw to_error(f);
  }
  return offered;
}

}  // namespace sluice::plugin
