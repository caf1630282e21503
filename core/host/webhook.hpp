// Telling another system something by HTTP: a POST of JSON that is answered with 2xx, or it was not told.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::host {

struct webhook_call {
  std::string url, body;
  std::string id;           // webhook-id: the same each time it is tried
  std::int64_t unix_s = 0;  // webhook-timestamp
};

// Empty: it was taken. Else why not, without the address. Blocks for at most ten seconds. No redirects are followed,
// and no proxy of the environment is used.
[[nodiscard]] std::string call_webhook(const webhook_call& call);

// "https://hooks.example.com": what of an address may be shown, since the rest may be secret.
[[nodiscard]] std::string shown_address(const std::string& url);

}  // namespace sluice::host
