// Base64 as credentials need it.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http {

[[nodiscard]] std::string base64(std::string_view text);

}  // namespace sluice::http
