#include "manifest/catalog.hpp"

namespace sluice::manifest {

std::string_view to_string(component_kind k) {
  switch (k) {
    case component_kind::domain: return "domain";
    case component_kind::source: return "source";
    case component_kind::backend: break;
  }
  return "backend";
}

}  // namespace sluice::manifest
