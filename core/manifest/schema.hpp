// The manifest described for others: a JSON Schema for editors, with the installed plugins in it, and the reference
// page. Both are made from the tables that the checker uses.
#pragma once

#include <string>

#include "manifest/catalog.hpp"

namespace sluice::manifest {

// JSON Schema 2020-12 of a whole manifest.
[[nodiscard]] std::string schema_json(const component_catalog&);

// docs/manifest-reference.md
[[nodiscard]] std::string reference_markdown();

}  // namespace sluice::manifest
