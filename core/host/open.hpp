// From a manifest to its store.
#pragma once

#include <memory>

#include "host/secrets.hpp"
#include "store/store.hpp"

namespace sluice::host {

// Where the store of a pipeline is: paths are relative to the manifest. Throws plugin::error when a
// secret of the DSN is missing.
[[nodiscard]] store::store_options store_options_of(const manifest::pipeline& pipeline, const secret_store& secrets);

// Opens the store for writing. A new one is made ready; one of another version is refused.
[[nodiscard]] std::unique_ptr<store::store> open_writable(const store::store_options& options);

}  // namespace sluice::host
