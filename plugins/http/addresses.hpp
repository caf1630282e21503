// Which addresses may be connected to: looked at when a socket is opened, so that no second look-up of a name can
// lead elsewhere.
#pragma once

#include <cstdint>
#include <string>

struct sockaddr;

namespace sluice::http {

enum class address_policy : std::uint8_t { any, of_public };

// `host` is that of base_url as it is written: who spells out a link-local address may have it.
[[nodiscard]] bool may_connect(const sockaddr&, address_policy, const std::string& host);
[[nodiscard]] std::string to_text(const sockaddr&);

}  // namespace sluice::http
