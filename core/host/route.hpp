// Which backend takes a run, and why; and whether the tenant may be synced at all.
#pragma once

#include <string>

#include "manifest/model.hpp"

namespace sluice::host {

struct routed {
  std::string backend, reason;
};

// `asked` is a backend that the caller insists on, or empty. Throws engine::failure.
[[nodiscard]] routed choose_backend(const manifest::pipeline& pipeline, const std::string& tenant,
                                    const std::string& asked);

// Throws engine::failure when the manifest doesn't know the tenant and is not open to all.
void check_tenant(const manifest::pipeline& pipeline, const std::string& tenant);

}  // namespace sluice::host
