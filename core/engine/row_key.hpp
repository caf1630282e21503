// The key of a row wherever it is kept as one text: kind and external id, or the external id alone.
#pragma once

#include <algorithm>
#include <string>

namespace sluice::engine {

// Between the two columns of a key. A value that holds it is refused.
inline constexpr char key_separator = '\x1f';

// A key as people write it: user/u-17.
[[nodiscard]] inline std::string readable_key(std::string key) {
  std::replace(key.begin(), key.end(), key_separator, '/');
  return key;
}

}  // namespace sluice::engine
