// The embedded store: one file, one writing process.
#pragma once

#include <memory>

#include "store/store.hpp"

namespace sluice::store::sqlite {

[[nodiscard]] std::unique_ptr<store> open(const store_options& options);

}  // namespace sluice::store::sqlite
