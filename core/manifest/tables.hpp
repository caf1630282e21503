// The keys of a manifest, said once: the checker, the JSON Schema and the reference page are made from these.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "manifest/catalog.hpp"

namespace sluice::manifest {

enum class field_type : std::uint8_t {
  text,
  name,  // [a-z][a-z0-9_-]{0,62}
  boolean,
  integer,
  ratio,     // 10%
  duration,  // 3s
  rate,      // 50/s
  choice,
  pointer,  // a JSON pointer
  texts,    // a list of texts
  mapping,  // of `inner`
  named,    // names of one's own → `inner`
  list,     // of `inner`
  special,  // checked by code of its own; `inner` describes its long form
};

struct shape;

struct field {
  std::string_view key;
  field_type type = field_type::text;
  std::string_view about;  // one sentence for the reference page
  bool required = false;
  std::string_view fallback = {};  // the default, as a manifest would write it
  double least = 0, most = 0;      // range in µs, ratio or number; both 0: none
  std::vector<std::string_view> choices = {};
  const shape* inner = nullptr;
};

struct shape {
  std::string_view name;
  std::string_view about;
  std::vector<field> fields;
  // Further keys belong to the plugin that `uses` names.
  bool has_plugin = false;
  component_kind plugin = component_kind::source;

  [[nodiscard]] const field* find(std::string_view key) const;
};

extern const shape manifest_shape, store_shape, tenants_shape, tenant_shape, source_shape, limits_shape,
    retry_shape, domain_shape, read_shape, subject_shape, incremental_shape, into_shape, explode_shape,
    where_shape, value_shape, phases_shape, essential_shape, background_shape, item_shape, guard_shape,
    rejects_shape, backend_shape, routing_shape, rule_shape, unavailable_shape, alert_shape,
    notification_shape;

// In the order of the reference page.
[[nodiscard]] std::vector<const shape*> all_shapes();

}  // namespace sluice::manifest
