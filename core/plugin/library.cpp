#include "plugin/library.hpp"

#include <memory>
#include <mutex>
#include <vector>

#include <dlfcn.h>
#include <boost/dll/shared_library.hpp>

#include "plugin/codes.hpp"
#include "plugin/guard.hpp"

namespace sluice::plugin {

namespace {

using boost::dll::shared_library;

// Keeps the handle reachable and never closes it; the list itself is never destroyed.
void keep(std::unique_ptr<shared_library> library) {
  static std::mutex mutex;
  static auto* const kept = new std::vector<shared_library*>;
  const std::scoped_lock lock(mutex);
  kept->push_back(nullptr);
  kept->back() = library.release();
}

error refuse(const char* code, const std::filesystem::path& file, const std::string& what,
             const std::string& fix) {
  return {status::invalid, code, file.string() + ": " + what + "; " + fix};
}

}  // namespace

const sluice_plugin* load_entry(const std::filesystem::path& file) {
  if (!file.is_absolute())
    throw refuse(code::load_failed, file, "is not an absolute path", "name it from the root");
  using boost::dll::load_mode::rtld_local;
  using boost::dll::load_mode::rtld_now;
  auto library = std::make_unique<shared_library>();
  boost::dll::fs::error_code failure;
  library->load(file, failure, rtld_now | rtld_local);
  if (failure) {
    const char* why = ::dlerror();
    throw refuse(code::load_failed, file,
                 std::string("can't be loaded: ") + (why == nullptr ? failure.message() : why),
                 "install what it needs (`ldd` lists it)");
  }
  if (!library->has(SLUICE_PLUGIN_ENTRY_SYMBOL)) {
    throw refuse(code::no_entry, file, "doesn't export `" SLUICE_PLUGIN_ENTRY_SYMBOL "`",
                 "its maker has to build it with sluice_add_plugin()");
  }
  const auto entry = &library->get<const sluice_plugin*()>(SLUICE_PLUGIN_ENTRY_SYMBOL);
  keep(std::move(library));
  const sluice_plugin* offered = nullptr;
  stop_exceptions(file.filename().string() + ": " SLUICE_PLUGIN_ENTRY_SYMBOL, [&] { offered = entry(); });
  return offered;
}

}  // namespace sluice::plugin
