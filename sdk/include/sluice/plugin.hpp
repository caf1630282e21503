// The entry of a plugin: SLUICE_PLUGIN exports the one symbol by which a host finds out what is inside.
//
//   #include "sluice_plugin.hpp"  // generated from plugin.json by sluice_add_plugin()
//   SLUICE_PLUGIN(sluice::domain_of<my_rules, components::invoices>)
//
// Each component that plugin.json lists is named once; one plugin may hold several of different kinds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <sluice/abi/base.h>

namespace sluice::detail {

// Plain constant data: asking a plugin what it is runs none of its code.
template <const std::string_view& Metadata, class... Components>
struct plugin_data {
  static constexpr const sluice_component* components[] = {&Components::component...};
  static constexpr sluice_plugin plugin{sizeof(sluice_plugin),
                                        SLUICE_ABI_MAJOR,
                                        SLUICE_ABI_MINOR,
                                        static_cast<std::uint32_t>(sizeof...(Components)),
                                        {Metadata.data(), Metadata.size()},
                                        components};
};

template <class... Components>
inline constexpr std::size_t component_count = sizeof...(Components);

}  // namespace sluice::detail

// Used once, outside of any namespace, in the file that includes the generated header.
#define SLUICE_PLUGIN(...)                                                                        \
  extern "C" __attribute__((visibility("default"))) const sluice_plugin* sluice_plugin_v1(void);  \
  extern "C" const sluice_plugin* sluice_plugin_v1(void) {                                        \
    static_assert(::sluice::detail::component_count<__VA_ARGS__> == plugin_json::component_count, \
                  "SLUICE_PLUGIN must name every component of plugin.json, each once");           \
    return &::sluice::detail::plugin_data<plugin_json::text, __VA_ARGS__>::plugin;                \
  }
