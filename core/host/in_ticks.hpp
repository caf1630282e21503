// A JSON pointer in a message.
#pragma once

#include <string>

namespace sluice::host {

inline std::string in_ticks(const std::string& pointer) {
  return pointer.empty() ? "\"\"" : "`" + pointer + "`";
}

}  // namespace sluice::host
