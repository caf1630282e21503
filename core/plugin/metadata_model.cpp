#include <algorithm>
#include <array>

#include <sluice/abi/base.h>

#include "plugin/metadata.hpp"

namespace sluice::plugin {

namespace {

constexpr std::array<std::string_view, 3> kinds = {"domain", "source", "backend"};

}  // namespace

std::string_view to_text(component_kind kind) noexcept { return kinds[static_cast<std::size_t>(kind)]; }

std::optional<component_kind> component_kind_from(std::string_view text) noexcept {
  const auto it = std::find(kinds.begin(), kinds.end(), text);
  if (it == kinds.end()) return std::nullopt;
  return static_cast<component_kind>(it - kinds.begin());
}

std::string to_text(sdk_version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}
sdk_version host_sdk() noexcept { return {SLUICE_ABI_MAJOR, SLUICE_ABI_MINOR}; }

bool component::can(std::string_view capability) const {
  const auto it = capabilities.find(capability);
  return it != capabilities.end() && it->is_boolean() && it->get<bool>();
}

const stream_schema* component::find_stream(std::string_view stream) const noexcept {
  const auto it =
      std::find_if(streams.begin(), streams.end(), [&](const stream_schema& s) { return s.name == stream; });
  return it == streams.end() ? nullptr : &*it;
}

bool metadata::needs_code() const {
  return std::any_of(components.begin(), components.end(), [](const component& c) {
    return c.kind != component_kind::domain || c.can("transform");
  });
}

const component* metadata::find(component_kind kind, std::string_view wanted) const noexcept {
  const auto same = [&](const component& c) { return c.kind == kind && c.name == wanted; };
  const auto it = std::find_if(components.begin(), components.end(), same);
  return it == components.end() ? nullptr : &*it;
}

std::string to_line(const problem& p) {
  std::string out = p.file;
  if (!p.pointer.empty()) out += ": " + p.pointer;
  out += (out.empty() ? "" : ": ") + p.message;
  if (!p.help.empty()) out += "; " + p.help;
  return out;
}

}  // namespace sluice::plugin
