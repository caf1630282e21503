// Between the borrowed text of the C contract and std::string_view.
#pragma once

#include <string_view>

#include <sluice/abi/base.h>

namespace sluice::detail {

[[nodiscard]] inline std::string_view view(sluice_str s) noexcept {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.len);
}
[[nodiscard]] inline sluice_str str(std::string_view s) noexcept { return {s.data(), s.size()}; }

}  // namespace sluice::detail
