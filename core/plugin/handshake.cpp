// The checks after loading: does the code agree with this host and with its plugin.json?
#include <algorithm>
#include <cstddef>

#include <sluice/abi.h>

#include "plugin/checks.hpp"
#include "plugin/codes.hpp"
#include "plugin/guard.hpp"
#include "plugin/loader.hpp"

namespace sluice::plugin {
namespace {
template <typename Table>
std::string lacks(const Table* t, std::initializer_list<std::pair<const char*, bool>> present) {
  (void)t;
  for (const auto& [name, there] : present) {
    if (!there) return name;
  }
  return {};
}

#define SLUICE_HAS_FUNCTION(table, type, field) \
  std::pair<const char*, bool> { #field, SLUICE_HAS(table, type, field) && (table)->field != nullptr }

// The first function that the table should have and doesn't; empty: complete.
std::string missing_function(const component& c, const void* table) {
  switch (c.kind) {
    case component_kind::domain: {
      const auto* t = static_cast<const sluice_domain_v1*>(table);
      const auto transform = SLUICE_HAS_FUNCTION(t, sluice_domain_v1, transform);
      return lacks(t, {SLUICE_HAS_FUNCTION(t, sluice_domain_v1, create),
                       SLUICE_HAS_FUNCTION(t, sluice_domain_v1, destroy),
                       {"transform", transform.second || !c.can("transform")}});
    }
    case component_kind::source: {
      const auto* t = static_cast<const sluice_source_v1*>(table);
      return lacks(t, {SLUICE_HAS_FUNCTION(t, sluice_source_v1, create),
                       SLUICE_HAS_FUNCTION(t, sluice_source_v1, destroy),
                       SLUICE_HAS_FUNCTION(t, sluice_source_v1, prepare),
                       SLUICE_HAS_FUNCTION(t, sluice_source_v1, fetch)});
    }
    case component_kind::backend: break;
  }
  const auto* t = static_cast<const sluice_backend_v1*>(table);
  return lacks(
      t,
      {SLUICE_HAS_FUNCTION(t, sluice_backend_v1, create), SLUICE_HAS_FUNCTION(t, sluice_backend_v1, destroy),
       SLUICE_HAS_FUNCTION(t, sluice_backend_v1, start), SLUICE_HAS_FUNCTION(t, sluice_backend_v1, cancel),
       SLUICE_HAS_FUNCTION(t, sluice_backend_v1, reconcile),
       SLUICE_HAS_FUNCTION(t, sluice_backend_v1, health)});
}

#undef SLUICE_HAS_FUNCTION

class handshaker {
 public:
  handshaker(const sluice_plugin* offered, const installed_plugin& plugin)
      : offered_(offered), plugin_(plugin) {}

  std::vector<finding> run() {
    if (version() && shape()) {
      text();
      components();
    }
    return findings_.take();
  }

 private:
  bool pass(std::string check) {
    findings_.pass(std::move(check));
    return true;
  }
  bool fail(std::string check, const char* code, const std::string& what, std::string fix) {
    findings_.fail(std::move(check), code, plugin_.library, what, std::move(fix));
    return false;
  }

  bool version() {
    const char* check = "contract version fits";
    if (offered_ == nullptr) return fail(check, code::bad_entry, "its entry returns nothing", rebuild);
    if (!SLUICE_HAS(offered_, sluice_plugin, abi_minor)) {
      return fail(check, code::bad_entry,
                  "its description has " + std::to_string(offered_->size) + " bytes, too few", rebuild);
    }
    const std::uint32_t major = offered_->abi_major;
    if (major == SLUICE_ABI_MAJOR) return pass(check);
    return fail(
        check, code::wrong_major,
        "plugin `" + plugin_.meta.name + "` " + plugin_.meta.version + " speaks version " +
            std::to_string(major) + "." + std::to_string(offered_->abi_minor) +
            " of the plugin contract; this host (sluice " + std::string(host_version()) +
            ") speaks version " + to_text(host_sdk()),
        major > SLUICE_ABI_MAJOR
            ? "upgrade sluice on this host, or install an older build of the plugin"
            : "the plugin's maker has to build it for SDK " + std::to_string(SLUICE_ABI_MAJOR) + ".x");
  }

  bool shape() {
    const char* check = "description is complete";
    if (!SLUICE_HAS(offered_, sluice_plugin, components)) {
      return fail(check, code::bad_entry,
                  "its description has " + std::to_string(offered_->size) + " bytes, too few", rebuild);
    }
    if (offered_->component_count > 1024 ||
        (offered_->component_count > 0 && offered_->components == nullptr)) {
      return fail(check, code::bad_entry, "its list of components is damaged", rebuild);
    }
    for (std::uint32_t i = 0; i < offered_->component_count; ++i) {
      const sluice_component* c = offered_->components[i];
      if (c == nullptr || !SLUICE_HAS(c, sluice_component, table) || c->kind == nullptr ||
          c->name == nullptr || c->table == nullptr) {
        return fail(check, code::bad_entry,
                    "component " + std::to_string(i) + " of its description is damaged", rebuild);
      }
    }
    return pass(check);
  }

  void text() {
    const char* check = "compiled-in plugin.json is the file's";
    const std::string_view compiled = from_abi(offered_->metadata_json);
    if (compiled == plugin_.meta.text) return void(pass(check));
    fail(check, code::text_differs,
         "was built from another plugin.json than the one beside it: " + difference(compiled),
         "install plugin.json and library of one build together");
  }

  // "at /version it has …": the first place where the two texts part.
  [[nodiscard]] std::string difference(std::string_view compiled) const {
    using nlohmann::json;
    const json theirs = json::parse(compiled, nullptr, false),
               ours = json::parse(plugin_.meta.text, nullptr, false);
    if (theirs.is_discarded()) return "the compiled-in text is not JSON";
    const json patch = json::diff(ours, theirs);
    if (patch.empty()) return "only the white space or the order of keys differs";
    const std::string at = patch[0]["path"];
    const json::json_pointer where(at);
    if (!ours.contains(where) || !theirs.contains(where)) return "`" + at + "` stands in one of them only";
    return "at " + at + " the library says " + shortened(theirs[where]) + ", the file " +
           shortened(ours[where]);
  }
  [[nodiscard]] static std::string shortened(const nlohmann::json& value) {
    const std::string all = value.dump();
    return all.size() <= 60 ? all : all.substr(0, 57) + "...";
  }

  void components() {
    const char* check = "code offers what plugin.json declares";
    bool good = true;
    for (const component& c : plugin_.meta.components) {
      const sluice_component* found = find_offered(*offered_, c.kind, c.name);
      const bool needed = c.kind != component_kind::domain || c.can("transform");
      if (found == nullptr && needed) {
        good = fail(check, code::components_differ, "has no code for " + named(to_text(c.kind), c.name),
                    together);
      }
      if (found == nullptr) continue;
      if (const std::string missing = missing_function(c, found->table); !missing.empty()) {
        good = fail(check, code::bad_table,
                    named(to_text(c.kind), c.name) + " lacks the function `" + missing + "`", rebuild);
      }
    }
    for (std::uint32_t i = 0; i < offered_->component_count; ++i) {
      const sluice_component& c = *offered_->components[i];
      const auto kind = component_kind_from(c.kind);
      if (!kind || plugin_.meta.find(*kind, c.name) != nullptr) continue;  // a kind of a later version
      good = fail(check, code::components_differ,
                  "offers " + named(c.kind, c.name) + ", which plugin.json doesn't declare", together);
    }
    if (good) pass(check);
  }

  [[nodiscard]] static std::string named(std::string_view kind, std::string_view name) {
    return std::string(kind) + " `" + std::string(name) + "`";
  }

  static constexpr const char* rebuild = "its maker has to build it with the SDK's own tools";
  static constexpr const char* together = "install plugin.json and library of one build together";

  const sluice_plugin* offered_;
  const installed_plugin& plugin_;
  finding_list findings_;
};
}  // namespace

std::vector<finding> handshake(const sluice_plugin* offered, const installed_plugin& plugin) {
  return handshaker(offered, plugin).run();
}

const sluice_component* find_offered(const sluice_plugin& offered, component_kind kind,
                                     std::string_view name) noexcept {
  for (std::uint32_t i = 0; i < offered.component_count; ++i) {
    const sluice_component* c = offered.components[i];
    if (to_text(kind) == c->kind && name == c->name) return c;
  }
  return nullptr;
}
}  // namespace sluice::plugin
