// What a correct sync must hold: the number of rows and an order-free digest of each stream (README.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "upstream/world.hpp"

namespace sluice::upstream {

struct stream_state {
  std::uint64_t count = 0, digest = 0;
};

// By stream, and by kind for `entities`; with `user` only what belongs to that user.
[[nodiscard]] std::map<std::string, stream_state> state_of(const tenant&, std::optional<std::uint32_t> user = {});

// The weight of one row in the digest; for whoever checks a store.
[[nodiscard]] std::uint64_t row_digest(std::string_view columns);

}  // namespace sluice::upstream
